import type { BudgetLog, LogWindow } from '../../src/redis/budget-log.ts';

/** Opens windows that have no past. */
export async function open(log: BudgetLog, windows: readonly LogWindow[], group = 's'): Promise<void> {
  const begun = await log.beginRestore(group, windows);
  if (begun !== 'alreadyKnown') await log.restore(group, begun.marker, windows, []);
}

/** The same log, which opens every window when it is asked about for the first time: new windows are no part of most tests. */
export function openedLog(log: BudgetLog): BudgetLog {
  const opened = new Set<string>();
  return {
    ...reachedBy(log, (ask) => ask()),
    async take(take) {
      const isNew = take.windows.some(({ key }) => !opened.has(key));
      if (isNew) await open(log, take.windows, take.group);
      for (const { key } of take.windows) opened.add(key);
      return log.take(take);
    },
  };
}

/** The same log, reached in another way. */
export function reachedBy(log: BudgetLog, reach: <T>(ask: () => Promise<T>) => Promise<T>): BudgetLog {
  return {
    take: (take) => reach(() => log.take(take)),
    settle: (permit, windows) => reach(() => log.settle(permit, windows)),
    leave: (group, asker) => reach(() => log.leave(group, asker)),
    pause: (scope, forMs) => reach(() => log.pause(scope, forMs)),
    usage: (group, windows, scopes) => reach(() => log.usage(group, windows, scopes)),
    beginRestore: (group, windows) => reach(() => log.beginRestore(group, windows)),
    restore: (group, marker, windows, entries) => reach(() => log.restore(group, marker, windows, entries)),
    doubt: (windows) => reach(() => log.doubt(windows)),
  };
}
