import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import type { GraphQLScalarTypeConfig } from 'graphql';
import { GraphQLDateTime, GraphQLNonNegativeInt, GraphQLUUID } from 'graphql-scalars';
import { formatDuration, parseDuration } from '../domain/duration.ts';

/** Resolvers speak in epoch milliseconds; clients read and write RFC 3339. */
export const DateTime = new GraphQLScalarType({
  ...wordless(GraphQLDateTime.toConfig()),
  serialize: (value) => new Date(wholeNumber(value)).toISOString(),
  parseValue: (value) => GraphQLDateTime.parseValue(value).getTime(),
  parseLiteral: (node, variables) => GraphQLDateTime.parseLiteral(node, variables).getTime(),
});

/** Resolvers speak in milliseconds; clients read and write ISO 8601. */
export const Duration = new GraphQLScalarType<number, string>({
  name: 'Duration',
  serialize: (value) => formatDuration(wholeNumber(value)),
  parseValue: durationMs,
  parseLiteral: (node) => durationMs(node.kind === Kind.STRING ? node.value : null),
});

export const NonNegativeInt = new GraphQLScalarType(wordless(GraphQLNonNegativeInt.toConfig()));

export const UUID = new GraphQLScalarType(wordless(GraphQLUUID.toConfig()));

/** What a scalar means to clients is said in the schema alone. */
function wordless<I, O>(config: GraphQLScalarTypeConfig<I, O>): GraphQLScalarTypeConfig<I, O> {
  return { ...config, description: null };
}

function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TypeError(`Expected whole milliseconds, got ${typeof value}.`);
}

function durationMs(value: unknown): number {
  const ms = typeof value === 'string' ? parseDuration(value) : null;
  if (ms !== null) return ms;
  throw new GraphQLError(
    'Duration takes ISO 8601 text such as "PT30S", "PT15M" or "P1D"; years and months are not accepted.',
  );
}
