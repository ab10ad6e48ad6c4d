import type { Limit, Profile } from '../domain/profile.ts';

/**
 * What is wrong with limits that replace a connector's own. The call classes a connector uses are those that its own limits count:
 * one that no limit counted would be called without end.
 * @returns the end of a sentence each, to stand behind the place of the limits
 */
export function findLimitFaults(limits: readonly Limit[], { limits: documented }: Pick<Profile, 'limits'>): string[] {
  const known = classesOf(documented);
  const names = limits.map(({ name }) => name);
  const isAllCounted = countsAll(limits);
  const faults = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => ` has two limits named "${name}"`);
  if (!countsAll(documented)) {
    const unknown = [...classesOf(limits)].filter((callClass) => !known.has(callClass));
    faults.push(
      ...unknown.map(
        (callClass) => ` counts "${callClass}", which is no call class of the connector; these are ${list(known)}`,
      ),
    );
  } else if (!isAllCounted) faults.push(' has no limit that counts "all", as the connector\'s own have');
  const counted = classesOf(limits);
  const uncounted = [...known].filter((callClass) => !isAllCounted && !counted.has(callClass));
  faults.push(
    ...uncounted.map(
      (callClass) => ` leaves the call class "${callClass}" without a limit; the connector uses ${list(known)}`,
    ),
  );
  return faults;
}

function countsAll(limits: readonly Limit[]): boolean {
  return limits.some(({ counts }) => counts === 'all');
}

function classesOf(limits: readonly Limit[]): Set<string> {
  return new Set(limits.flatMap(({ counts }) => (counts === 'all' ? [] : counts)));
}

function list(names: ReadonlySet<string>): string {
  return [...names].sort().join(', ');
}
