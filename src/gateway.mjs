import { prepare } from './prepare.mjs';
import { runMain } from './run-main.mjs';

/** `npm run gateway -- <command>`: makes the clone ready, then runs the command. */
try {
  await prepare();
  process.exitCode = await runMain(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
