import { GatewayError } from '../domain/gateway-error.ts';

/** The walks that have cursors, named as clients see them. */
export type Walk = 'parts' | 'stockChanges';

const MAX_CURSOR_LENGTH = 2_000;

/** Opaque to clients; a cursor of one walk is refused by the other. */
export function cursorOf(walk: Walk, place: string): string {
  return Buffer.from(`${walk}:${place}`).toString('base64url');
}

/**
 * The place a cursor names; null where there is no cursor.
 * @throws GatewayError BAD_USER_INPUT
 */
export function placeOfCursor(walk: Walk, cursor: string | null | undefined): string | null {
  if (cursor === null || cursor === undefined) return null;
  const text = cursor.length <= MAX_CURSOR_LENGTH ? Buffer.from(cursor, 'base64url').toString() : '';
  if (cursorOf(walk, text.slice(walk.length + 1)) === cursor) return text.slice(walk.length + 1);
  throw malformed(walk);
}

/** A position in the change feed as a cursor. */
export function changeCursor(position: number): string {
  return cursorOf('stockChanges', String(position));
}

/**
 * The position a change cursor names; null where there is no cursor.
 * @throws GatewayError BAD_USER_INPUT
 */
export function positionOfCursor(cursor: string | null | undefined): number | null {
  const place = placeOfCursor('stockChanges', cursor);
  if (place === null) return null;
  if (/^(?:0|[1-9]\d{0,15})$/.test(place) && Number.isSafeInteger(Number(place))) return Number(place);
  throw malformed('stockChanges');
}

function malformed(walk: Walk): GatewayError {
  const source = { parts: '`pageInfo.endCursor` or an edge', stockChanges: 'a change, a gap or `endCursor`' }[walk];
  return new GatewayError(
    'BAD_USER_INPUT',
    `The cursor in \`after\` is not one of ${walk === 'parts' ? '`parts`' : 'the stock changes'}: take it from ${source} of an earlier answer.`,
  );
}
