import { ecsFormat } from '@elastic/ecs-pino-format';
import { pino, type Logger, type LoggerOptions } from 'pino';

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
  return pino(logOptions(level), pino.destination({ dest: destination, sync: destination === 2 }));
}

export function logOptions(level: string): LoggerOptions {
  const ecs = ecsFormat();
  const format = ecs.formatters?.log ?? ((data) => data);
  const log = (data: Record<string, unknown>): Record<string, unknown> =>
    format(data['err'] instanceof Error ? { ...data, err: withoutStatement(data['err']) } : data);
  return { ...ecs, level, redact: { paths: SECRET_PATHS, censor: '[secret]' }, formatters: { ...ecs.formatters, log } };
}

/** A database's message holds the statement with its values, prices included: the code and the frames are enough to find it. */
function withoutStatement(error: Error): Error {
  if (!('sql' in error || 'errno' in error || 'rawCode' in error)) return error;
  const told = new Error('code' in error ? String(error.code) : 'a statement failed');
  const frames = error.stack?.slice(error.stack.indexOf('\n    at ')) ?? '';
  told.stack = `${error.name}: ${told.message}${frames}`;
  return told;
}
