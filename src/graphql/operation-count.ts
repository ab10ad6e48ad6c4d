import type { OperationTypeNode } from 'graphql';

/** `unreadable`: it could not be parsed, or was refused before it was run. */
export type CountedOperation = `${OperationTypeNode}` | 'unreadable';

/** `errors`: at least one error went with the answer. A subscription counts when it begins. */
export type CountOperation = (operation: CountedOperation, result: 'ok' | 'errors') => void;
