import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { GraphQLError, Kind } from 'graphql';
import type { ASTVisitor, ParseOptions, SelectionSetNode, ValidationContext, ValidationRule } from 'graphql';

/** What one query may cost before it is run. The same on HTTP and WebSocket. */
export const QUERY_LIMITS = {
  /** Comments and blanks included: the parser's own limit does not count them. */
  textBytes: 20_000,
  /** Checking a query takes the square of it: a thousand hold the process for tens of milliseconds at worst. */
  tokens: 1_000,
  /** Fields within fields; fragments do not count as a level, introspection has its own limit in graphql-js. */
  depth: 10,
  /** Fields after every fragment is spelled out. */
  fields: 2_000,
  aliases: 30,
  /** Validation stops here: what is wrong a hundred times over is not worth finding. */
  errors: 20,
} as const;

export const parseOptions: ParseOptions = { maxTokens: QUERY_LIMITS.tokens };

/** To be run beside graphql-js's own rules, on every transport. */
export const limitRules: readonly ValidationRule[] = [textLimit, sizeLimit, depthLimit()];

function textLimit(context: ValidationContext): ASTVisitor {
  return {
    Document: () => {
      const text = context.getDocument().loc?.source.body ?? '';
      if (Buffer.byteLength(text) > QUERY_LIMITS.textBytes) {
        context.reportError(
          refusal(`is longer than ${QUERY_LIMITS.textBytes} bytes. Pass lists and values as variables.`),
        );
      }
    },
  };
}

/** By default the rule throws inside `validate`; told not to, it lets everything pass unless it reports by itself. */
function depthLimit(): ValidationRule {
  return maxDepthRule({
    n: QUERY_LIMITS.depth,
    flattenFragments: true,
    propagateOnRejection: false,
    onReject: [
      (context) => {
        context?.reportError(refusal(`is nested too deep: at most ${QUERY_LIMITS.depth} levels are taken.`));
      },
    ],
  });
}

interface Size {
  readonly fields: number;
  readonly aliases: number;
}

const NOTHING: Size = { fields: 0, aliases: 0 };
/** Far above every limit, and far below where doubling would lose its way. */
const TOO_LARGE = 1e9;

function sizeLimit(context: ValidationContext): ASTVisitor {
  const sizeOf = sizeCounter(context);
  return {
    OperationDefinition: ({ selectionSet }) => {
      const size = sizeOf(selectionSet);
      if (size.fields > QUERY_LIMITS.fields) {
        context.reportError(refusal(`asks for too many fields: at most ${QUERY_LIMITS.fields} are taken.`));
      }
      if (size.aliases > QUERY_LIMITS.aliases) {
        const message = `has too many aliases: at most ${QUERY_LIMITS.aliases} are taken. Ask for many parts with \`partsBy\`.`;
        context.reportError(refusal(message));
      }
    },
  };
}

/** Counts each fragment once, however often it is spread: the work is bounded by the text, the count is not. */
function sizeCounter(context: ValidationContext): (selectionSet: SelectionSetNode | undefined) => Size {
  const fragments = new Map<string, Size>();

  const ofFragment = (name: string): Size => {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    // Stands in for itself while it is counted: a circle is reported by a rule of its own.
    fragments.set(name, NOTHING);
    const size = ofSelections(context.getFragment(name)?.selectionSet);
    fragments.set(name, size);
    return size;
  };

  const ofSelections = (selectionSet: SelectionSetNode | undefined): Size => {
    let { fields, aliases } = NOTHING;
    for (const selection of selectionSet?.selections ?? []) {
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : ofSelections(selection.selectionSet);
      const isField = selection.kind === Kind.FIELD;
      fields = Math.min(TOO_LARGE, fields + inner.fields + (isField ? 1 : 0));
      aliases = Math.min(TOO_LARGE, aliases + inner.aliases + (isField && selection.alias ? 1 : 0));
    }
    return { fields, aliases };
  };
  return ofSelections;
}

function refusal(what: string): GraphQLError {
  return new GraphQLError(`The query ${what}`);
}
