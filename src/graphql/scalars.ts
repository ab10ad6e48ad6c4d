import { GraphQLError, GraphQLScalarType, Kind, type GraphQLSchema } from 'graphql';
import { GraphQLDateTime, GraphQLNonNegativeInt, GraphQLUUID } from 'graphql-scalars';
import { formatDuration, parseDuration } from '../domain/duration.ts';

/** Gives the scalars of the contract their meaning, and leaves their words as the contract has them. */
export function addScalars(schema: GraphQLSchema): void {
  for (const { name, serialize, parseValue, parseLiteral } of [
    DateTime,
    Duration,
    GraphQLNonNegativeInt,
    GraphQLUUID,
  ]) {
    const scalar = schema.getType(name);
    if (!(scalar instanceof GraphQLScalarType)) throw new Error(`schema.graphql has no scalar ${name}.`);
    Object.assign(scalar, { serialize, parseValue, parseLiteral });
  }
}

/** Resolvers speak in epoch milliseconds; clients read and write RFC 3339. */
const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  serialize: (value) => new Date(wholeNumber(value)).toISOString(),
  parseValue: (value) => GraphQLDateTime.parseValue(value).getTime(),
  parseLiteral: (node, variables) => GraphQLDateTime.parseLiteral(node, variables).getTime(),
});

/** Resolvers speak in milliseconds; clients read and write ISO 8601. */
const Duration = new GraphQLScalarType<number, string>({
  name: 'Duration',
  serialize: (value) => formatDuration(wholeNumber(value)),
  parseValue: durationMs,
  parseLiteral: (node) => durationMs(node.kind === Kind.STRING ? node.value : null),
});

/** Steady clocks count fractions of a millisecond: no reason to fail a field that has its value. */
function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(Math.round(value))) return Math.round(value);
  throw new TypeError(`Expected milliseconds, got ${typeof value}.`);
}

function durationMs(value: unknown): number {
  const ms = typeof value === 'string' ? parseDuration(value) : null;
  if (ms !== null) return ms;
  throw new GraphQLError(
    'Duration takes ISO 8601 text such as "PT30S", "PT15M" or "P1D"; years and months are not accepted.',
  );
}
