import { bot, clerk, kinds, namespaces, objectNames } from "./base.ts";
import type { Mutation } from "./draft-parts.ts";

export const requestMutations: Readonly<Record<string, Mutation>> = {
  "request: other operation": ({ request }, random) => {
    request.operation = random.pick(["CREATE", "UPDATE", "DELETE", "DELETE", "CONNECT"]);
  },
  "request: connect": ({ request, rule, approval }, random) => {
    request.operation = "CONNECT";
    if (random.chance(50)) request.target.subresource = "exec";
    rule.resources.push(`${request.target.resource}/exec`);
    delete approval.spec.targets;
  },
  "request: other kind": ({ request }, random) => {
    const kind = random.pick(kinds);
    request.target = { ...request.target, group: kind.group, resource: kind.resource, subresource: kind.subresource };
  },
  "request: other group": ({ request }, random) => {
    request.target.group = random.pick(["", "apps", "extensions", "example.com", "shop.example.com", "x.k8s.io"]);
  },
  "request: other version": ({ request }, random) => {
    request.target.version = random.pick(["v2", "v1beta1"]);
  },
  "request: subresource": ({ request }, random) => {
    request.target.subresource = random.pick(["scale", "status", ""]);
  },
  "request: other namespace": ({ request }, random) => {
    request.target.namespace = random.pick([...namespaces, undefined]);
  },
  "request: other name": ({ request }, random) => {
    request.target.name = random.pick([...objectNames, "", "we", "web-2"]);
  },
  "request: Writ's own namespace": ({ request, approval, rule, owners }, random) => {
    const own = random.pick(["writ-system", "writ-approvals"]);
    approval.metadata.namespace = own;
    if (random.chance(50)) {
      request.target = { ...request.target, namespace: own };
      if (rule.scope === "Namespaced") rule.namespaces = ["*", own];
      for (const entry of owners.flatMap(({ spec }) => spec.resources ?? [])) entry.namespaces?.push(own);
      return;
    }
    approval.metadata.namespace = "writ-approvals";
    request.target = {
      ...request.target,
      group: "",
      resource: "namespaces",
      subresource: "",
      namespace: undefined,
      name: own,
    };
    Object.assign(rule, { risk: "High", scope: "Cluster", apiGroups: [""], resources: ["namespaces"] });
    delete rule.namespaces;
    delete rule.resourceNames;
    delete approval.spec.targets;
  },
  "request: Writ's own kinds": ({ request, rule, owners, approval }, random) => {
    request.target.group = "writ.dev";
    request.target.resource = random.pick(["elevationapprovals", "identityowners", "agentcapabilities"]);
    if (random.chance(50)) request.target.subresource = "";
    rule.apiGroups = ["writ.dev"];
    rule.resources = [request.target.resource];
    for (const entry of owners.flatMap(({ spec }) => spec.resources ?? [])) delete entry.apiGroups;
    delete approval.spec.targets;
  },
  "request: files its own approval": ({ request }, random) => {
    const isBot = request.requester.userName === bot.userName;
    request.operation = random.chance(80) ? "CREATE" : "UPDATE";
    request.target = {
      ...request.target,
      group: "writ.dev",
      resource: "elevationapprovals",
      subresource: "",
      namespace: "shop",
    };
    request.object = {
      spec: {
        agent:
          random.chance(80) === isBot
            ? { ...bot.subject(), ...(random.chance(60) ? { uid: random.pick([bot.uid, "another"]) } : {}) }
            : clerk.subject(),
        ...(random.chance(20) ? { decisions: [{ verdict: "Approve", ownerName: "shop" }] } : {}),
      },
    };
  },
  "requester: no agent": ({ request }, random) => {
    request.requester.groups = ["system:authenticated"];
    request.requester.userName = random.pick(["alice", "system:serviceaccount:shop:bot", request.requester.userName]);
  },
  "requester: a service account outside the agents' namespaces": ({ request, owners, capabilities, approvals }) => {
    if (request.requester.userName !== bot.userName) return;
    request.requester.userName = "system:serviceaccount:shop:bot";
    const subjects = [
      ...owners.flatMap(({ spec }) => spec.identities ?? []),
      ...capabilities.flatMap(({ spec }) => spec.agents),
      ...approvals.map(({ spec }) => spec.agent),
    ];
    for (const { serviceAccount } of subjects) if (serviceAccount) serviceAccount.namespace = "shop";
  },
  "requester: other agent": ({ request }, random) => {
    request.requester.groups.push("writ.dev:agents");
    request.requester.userName = random.pick([clerk.userName, bot.userName, "system:serviceaccount:agents:new"]);
  },
  "requester: other uid": ({ request }, random) => {
    request.requester.uid = random.pick([undefined, "22222222-0000-4000-8000-000000000002", bot.uid]);
  },
};
