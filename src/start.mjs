import { prepare } from './prepare.mjs';
import { runMain } from './run-main.mjs';

/** `npm start`: makes the clone ready, then serves and works in one process. */
try {
  await prepare();
  process.exitCode = await runMain(['start', ...process.argv.slice(2)]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
