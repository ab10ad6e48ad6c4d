/** Priority classes of supplier calls, the most urgent first. */
export const LANES = ['checkout', 'interactive', 'forced', 'scheduled', 'backfill'] as const;
export type Lane = (typeof LANES)[number];

/** 0 is the most urgent. */
export function laneRank(lane: Lane): number {
  return LANES.indexOf(lane);
}

export function moreUrgent(a: Lane, b: Lane): Lane {
  return laneRank(a) <= laneRank(b) ? a : b;
}
