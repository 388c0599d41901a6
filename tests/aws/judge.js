// Judges IAM policies by AWS's own authorization data, offline. On standard input:
// {"policy": ..., "questions": [{"action", "resource", "account", "context"}, ...]}; on standard output
// one word for each question: Allowed, ImplicitlyDenied or ExplicitlyDenied.
// NODE_PATH names the folder in which @cloud-copilot/iam-simulate is installed.

const { runSimulation } = require("@cloud-copilot/iam-simulate");

// The policy of a key that admits the role: IAM asks for both, whoever owns the key.
const admits = (principal) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "kms:*", Resource: "*" }],
});

async function judge(policy, { action, resource, account, context }) {
  const principal = `arn:aws:iam::${account}:role/devdb`;
  const owner = resource === "*" ? account : resource.split(":")[4] || account;
  const result = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: action.startsWith("kms:") ? owner : account },
        contextVariables: context,
      },
      identityPolicies: [{ name: "policy", policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(action.startsWith("kms:") ? { resourcePolicy: admits(principal) } : {}),
    },
    {},
  );
  // A question that AWS would not understand, such as an action on a resource it does not have.
  if (result.resultType === "error") throw new Error(`${action} on ${resource}: ${JSON.stringify(result.errors)}`);
  return result.overallResult;
}

async function main() {
  const { policy, questions } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const answers = [];
  for (const question of questions) answers.push(await judge(policy, question));
  console.log(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
