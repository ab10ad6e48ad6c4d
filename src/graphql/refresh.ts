import { GatewayError } from '../domain/gateway-error.ts';
import { MAX_LIST_LENGTH } from './arguments.ts';
import type {
  MutationResolvers,
  QueryResolvers,
  RefreshErrorCode,
  RefreshJobResolvers,
  RefreshResultResolvers,
  RefreshUserError,
  SubscriptionResolvers,
} from './generated.ts';
import { globalId, keyOf } from './ids.ts';
import { mapSource } from './map-source.ts';
import { findPart } from './part.ts';

export const refreshQueries: Pick<QueryResolvers, 'refreshJob'> = {
  refreshJob: async (_, { id }, { jobs }) => jobs.job(keyOf('job', id)),
};

export const refreshMutations: Pick<MutationResolvers, 'refreshInventory'> = {
  refreshInventory: async (_, { input }, context) => {
    if (input.parts.length === 0) return refused([NO_PARTS]);
    if (input.parts.length > MAX_LIST_LENGTH) return refused([tooMany(input.parts.length)]);
    const found = await Promise.all(input.parts.map((by) => findPart(by, context)));
    const unknown = found.flatMap((part, index) => (part === null ? [notFound(index)] : []));
    if (unknown.length > 0) return refused(unknown);
    const answer = await context.jobs.request({
      parts: found.filter((part) => part !== null),
      idempotencyKey: input.idempotencyKey.toLowerCase(),
      caller: context.caller.id,
    });
    return 'job' in answer ? { job: answer.job, userErrors: [] } : refused([KEY_REUSED]);
  },
};

export const refreshSubscriptions: Pick<SubscriptionResolvers, 'refreshJobUpdated'> = {
  refreshJobUpdated: {
    subscribe: async (_, { id }, context) => {
      const key = keyOf('job', id);
      if ((await context.jobs.job(key)) === null) throw unknownJob(id);
      return mapSource(context.jobs.follow(key), (job) => {
        context.renewReads();
        return { refreshJobUpdated: job };
      });
    },
  },
};

export const RefreshJob: RefreshJobResolvers = {
  id: (job) => globalId('job', job.id),
  results: (job, _, { counted }) => [...counted(job.results)],
};

export const RefreshResult: RefreshResultResolvers = {
  offer: (result, _, { reads }) => reads.offer(result.offerId),
};

const NO_PARTS = userError('NO_PARTS', ['input', 'parts'], 'Name at least one part in `parts`.');

const KEY_REUSED = userError(
  'IDEMPOTENCY_KEY_REUSED',
  ['input', 'idempotencyKey'],
  'This idempotency key came before with other parts. Make a new key for a new request.',
);

function tooMany(length: number): RefreshUserError {
  const message = `\`parts\` has ${length} entries; at most ${MAX_LIST_LENGTH} are taken. Split the request, each with its own key.`;
  return userError('TOO_MANY_PARTS', ['input', 'parts'], message);
}

function notFound(index: number): RefreshUserError {
  return userError('NOT_FOUND', ['input', 'parts', String(index)], 'The gateway does not know this part.');
}

function userError(code: RefreshErrorCode, field: string[], message: string): RefreshUserError {
  return { code, field, message };
}

function refused(userErrors: RefreshUserError[]) {
  return { job: null, userErrors };
}

function unknownJob(id: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', `There is no refresh job ${id}. Jobs are kept for a day.`);
}
