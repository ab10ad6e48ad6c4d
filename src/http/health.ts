import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** Something the process leans on. */
export interface HealthCheck {
  readonly name: string;
  /** False where the gateway still answers without it, from what it has stored. */
  readonly isNeeded: boolean;
  /** Resolves where it works; rejects, or takes longer than `CHECK_WITHIN_MS`, where it does not. */
  check(): Promise<void>;
}

export interface HealthDeps {
  readonly checks: readonly HealthCheck[];
  readonly isDraining: () => boolean;
  readonly log: Logger;
}

const CHECK_WITHIN_MS = 2_000;

/**
 * `/health/live`: the process runs; asks nothing else, so that a database's outage does not get it restarted.
 * `/health/ready`: whether requests should be sent here; 503 while it stops or a needed part is away.
 */
export function addHealthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const results = await Promise.all(deps.checks.map((each) => runCheck(each, deps.log)));
    const isReady = !deps.isDraining() && results.every((result) => result.ok || !result.needed);
    return reply.code(isReady ? 200 : 503).send({
      status: deps.isDraining() ? 'draining' : isReady ? 'ready' : 'not ready',
      checks: Object.fromEntries(results.map(({ name, ...result }) => [name, result])),
    });
  });
}

async function runCheck(each: HealthCheck, log: Logger): Promise<{ name: string; ok: boolean; needed: boolean }> {
  const { name, isNeeded: needed } = each;
  try {
    await withinTime(each.check());
    return { name, ok: true, needed };
  } catch (error) {
    log.warn({ err: error, check: name }, 'health check failed');
    return { name, ok: false, needed };
  }
}

async function withinTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`No answer within ${CHECK_WITHIN_MS} ms.`));
    }, CHECK_WITHIN_MS);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
