import { deadlined, type Redis } from './connection.ts';

/**
 * The name by which this Redis, under this prefix, is known as the place of the budget: kept in the Redis itself.
 * @param proposed put there where there is none; null only looks
 * @returns null where there is none. Rejects where Redis cannot be reached in time
 */
export type NamePlace = (proposed: string | null) => Promise<string | null>;

export function redisBudgetPlace(client: Redis, prefix: string): NamePlace {
  const key = `${prefix}budget-place`;
  return async (proposed) => {
    if (proposed !== null) await deadlined(client.set(key, proposed, { condition: 'NX' }));
    return deadlined(client.get(key));
  };
}
