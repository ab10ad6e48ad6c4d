/**
 * A subscription's source with each item turned into what the field resolves from. An explicit object rather than an async
 * generator: a generator's `return()` waits behind the pending `next()`, so an unsubscribed client would stay connected to
 * the source until the next item comes.
 */
export function mapSource<T, R>(source: AsyncIterableIterator<T>, map: (item: T) => R): AsyncIterableIterator<R> {
  const close = async (): Promise<IteratorResult<R>> => {
    await source.return?.();
    return { value: undefined, done: true };
  };
  return {
    async next() {
      const step = await source.next();
      return step.done === true ? { value: undefined, done: true } : { value: map(step.value), done: false };
    },
    return: close,
    async throw(error) {
      await close();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
