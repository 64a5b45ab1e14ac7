import { agentUserName } from "../../src/api/agents.ts";

/** The agent that test objects are about unless they say otherwise. */
export const bot = { serviceAccount: { namespace: "agents", name: "payments-bot" } } as const;
export const botUser = agentUserName(bot);
export const botUid = "7d5e0000-0000-4000-8000-000000000001";
