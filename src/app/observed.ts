import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { Clock } from '../domain/clock.ts';
import { createMetrics, type BudgetFigures, type Metrics } from '../metrics.ts';
import { LANES } from '../domain/lane.ts';
import type { Budget } from '../outbound/budget.ts';
import type { CallEvent } from '../outbound/gate.ts';
import type { Strikes } from '../outbound/strikes.ts';
import type { SupplierConnection } from '../outbound/supplier-call.ts';
import { accountWindows } from '../outbound/windows.ts';
import { changePositions } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import { countDeadLetters } from '../store/dead-letters.ts';
import { readFeedStates } from '../store/feed-states.ts';
import type { RunEnd } from '../sync/progress.ts';

/** The metrics, and the ears by which the rooms tell what happened. */
export interface Observed {
  readonly registry: Metrics['registry'];
  onCall(event: CallEvent): void;
  onOperation(operation: string, result: 'ok' | 'errors'): void;
  onRunEnd(end: RunEnd): void;
}

export interface ObservedDeps {
  readonly db: Database;
  readonly budget: Budget;
  readonly suppliers: readonly ConnectedSupplier[];
  readonly strikes: Pick<Strikes, 'refresh' | 'left'>;
  readonly clock: Clock;
}

export function observe(deps: ObservedDeps): Observed {
  const metrics = createMetrics({
    feedAges: () => feedAges(deps),
    budgets: () => Promise.all(deps.suppliers.map(({ connection }) => budgetFigures(deps, connection))),
    deadLetters: () => countDeadLetters(deps.db),
    changePosition: async () => (await changePositions(deps.db)).newest,
  });
  return {
    registry: metrics.registry,
    onCall({ supplier, callClass, lane, outcome, durationMs, waitedMs }) {
      metrics.supplierCalls.inc({ supplier, call_class: callClass, lane, outcome });
      metrics.supplierCallSeconds.observe({ supplier, call_class: callClass }, durationMs / 1_000);
      metrics.permitWaitSeconds.observe({ supplier, lane }, waitedMs / 1_000);
    },
    onOperation: (operation, result) => metrics.operations.inc({ operation, result }),
    onRunEnd({ state, progress: { supplier, feed, mode, rows, changed, rejected } }) {
      metrics.syncRuns.inc({ supplier, feed, mode, result: state });
      metrics.syncRows.inc({ supplier, feed, result: 'read' }, rows);
      metrics.syncRows.inc({ supplier, feed, result: 'changed' }, changed);
      metrics.syncRows.inc({ supplier, feed, result: 'rejected' }, rejected);
    },
  };
}

async function feedAges({
  db,
  clock,
}: ObservedDeps): Promise<{ supplier: string; feed: string; ageSeconds: number }[]> {
  const now = clock.now();
  return (await readFeedStates(db)).flatMap(({ supplier, feed, confirmedAt }) =>
    confirmedAt === null ? [] : [{ supplier, feed, ageSeconds: Math.max(0, now - confirmedAt) / 1_000 }],
  );
}

/** A store that is away takes away only what it alone knows. */
async function budgetFigures(
  { budget, strikes, clock }: ObservedDeps,
  connection: SupplierConnection,
): Promise<BudgetFigures> {
  const { supplier } = connection;
  const [usage] = await Promise.all([budget.usage(connection).catch(() => null), strikes.refresh(supplier)]);
  const waiting = budget.waiting(supplier);
  const configured = accountWindows(connection, connection.profile);
  return {
    supplier,
    windows: (usage?.windows ?? []).map(({ limitName, windowMs, occupied, limit }, index) => ({
      window: windowName(limitName, windowMs),
      occupied,
      limit: configured[index]?.configured ?? limit,
      effective: limit,
    })),
    pausedSeconds: usage === null ? null : Math.max(0, (usage.pausedUntil ?? 0) - clock.now()) / 1_000,
    waiting: LANES.map((lane) => ({ lane, calls: waiting.get(lane) ?? 0 })),
    strikes: strikes.left(connection).map((one) => ({
      window: windowName(one.limitName, one.windowMs),
      allowed: one.strikes,
      left: one.left,
    })),
  };
}

function windowName(limitName: string, windowMs: number): string {
  return `${limitName}/${windowMs}ms`;
}
