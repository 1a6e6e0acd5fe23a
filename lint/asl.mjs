// Validates state machines: reads {name: definition as JSON text} from stdin, writes {name: [message, …]}.
import { readFileSync } from "node:fs";
import validate from "asl-validator";

const machines = JSON.parse(readFileSync(0, "utf8"));
const answers = {};
for (const [name, text] of Object.entries(machines)) {
  try {
    const { isValid, errors } = validate(JSON.parse(text), { checkPaths: true, checkArn: true });
    answers[name] = isValid ? [] : errors.map((error) => `${error["Error code"]}: ${error.Message ?? error.message ?? JSON.stringify(error)}`);
  } catch (error) {
    answers[name] = [`NOT_JSON: ${error.message}`];
  }
}
process.stdout.write(JSON.stringify(answers));
