import { ecsFormat } from '@elastic/ecs-pino-format';
import { pino, type Logger } from 'pino';

/** What must never be printed, wherever it turns up in a log's data. */
const SECRET_PATHS = ['authorization', 'password', 'secret', 'token', 'clientSecret', 'apiKey'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/**
 * Structured logs in the Elastic Common Schema, one JSON object a line.
 * @param destination file descriptor: 1 is standard output; `start` uses 2 so that its own words stay readable
 */
export function createLog(level: string, destination: 1 | 2 = 1): Logger {
  return pino(
    { ...ecsFormat(), level, redact: { paths: SECRET_PATHS, censor: '[secret]' } },
    pino.destination({ dest: destination, sync: destination === 2 }),
  );
}
