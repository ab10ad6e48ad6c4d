import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answered, Connector } from '../../src/connectors/connector.ts';
import { connectorNamed, connectors } from '../../src/connectors/registry.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { FEED_KIND, FEEDS } from '../../src/domain/profile.ts';
import { CallFailed, type CallSupplier } from '../../src/outbound/supplier-call.ts';
import { mutate, mutation, zerosSaidOf } from './mutation.ts';
import { questionsOf, type Question } from './questions.ts';
import { hasRecordings, loadAsks, loadRecordings, replay, type Recording, type Replay } from './replay.ts';

const SUPPLIER = 'configured-name';
const ACCOUNT = 'configured-account';
const MUTATIONS_PER_RECORDING = 300;
const folders = readdirSync(fileURLToPath(new URL('../../src/connectors/', import.meta.url)), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('the registry', () => {
  it('names exactly the folders of src/connectors', () => {
    expect(Object.keys(connectors).sort()).toEqual(folders.sort());
  });

  it('answers an unknown name with the names there are', () => {
    expect(() => connectorNamed('turn41')).toThrow(/"turn41".*turn14/);
    expect(() => connectorNamed('toString')).toThrow(/"toString"/);
  });
});

describe.each(Object.entries<Connector>(connectors))('%s', (name, connector) => {
  if (!hasRecordings(name)) {
    it('has recorded answers', () =>
      expect.fail(`test/connectors/recorded/${name}/asks.json is missing: see src/connectors/README.md`));
    return;
  }
  const recordings = loadRecordings(name);
  const now = Date.parse(loadAsks(name).now);
  const questions = questionsOf(connector, loadAsks(name), { supplier: SUPPLIER, account: ACCOUNT });
  const usable = questions.filter(({ isUnusable }) => !isUnusable);

  it('is named like its folder', () => {
    expect(connector.name).toBe(name);
    expect(existsSync(fileURLToPath(new URL(`../../src/connectors/${name}/${name}.ts`, import.meta.url)))).toBe(true);
    expect(connectorNamed(name)).toBe(connector);
  });

  it('has a profile that can be kept to', () => {
    const { profile } = connector;
    expect(connector.defaultBaseUrl === null || /^https:\/\/.*\/$/.test(connector.defaultBaseUrl)).toBe(true);
    for (const limit of profile.limits) {
      expect(limit.source, limit.name).toMatch(/\S/);
      expect(limit.windows.length, limit.name).toBeGreaterThan(0);
      for (const window of limit.windows) {
        expect(window.limit, limit.name).toBeGreaterThan(0);
        expect(window.windowMs, limit.name).toBeGreaterThanOrEqual(0);
      }
    }
    expect(new Set(profile.limits.map((limit) => limit.name)).size).toBe(profile.limits.length);
    for (const penalty of profile.penalties) {
      const limit = profile.limits.find((candidate) => candidate.name === penalty.limit);
      expect(limit?.windows.map((window) => window.windowMs)).toContain(penalty.windowMs);
    }
    expect(profile.share).toBeGreaterThan(0);
    expect(profile.share).toBeLessThanOrEqual(1);
    for (const keptBack of Object.values(profile.keptBack)) expect(keptBack >= 0 && keptBack < 1).toBe(true);
    expect(profile.bulkStockKeys ?? 1).toBeGreaterThanOrEqual(1);
    expect(profile.bulkStockKeys !== null).toBe(connector.readStock !== undefined);
    for (const bound of ['callTimeoutMs', 'networkDelayMs', 'maxPagesPerRun', 'maxBodyBytes'] as const) {
      expect(profile[bound], bound).toBeGreaterThan(0);
    }
    expect(profile.expireAfterSeconds).toBeGreaterThanOrEqual(profile.freshForSeconds);
  });

  it('has a schedule for every feed, and for a delta exactly where there is one', () => {
    for (const feed of FEEDS) {
      const schedule = connector.profile.schedules[feed];
      const reader = connector.feeds[feed];
      const everySeconds = schedule?.incrementalEverySeconds ?? null;
      const reachMs = reader?.incremental?.reachMs ?? null;
      expect(schedule !== undefined, feed).toBe(reader !== undefined);
      expect(everySeconds !== null, feed).toBe(reader?.incremental !== undefined);
      if (schedule === undefined || everySeconds === null || reachMs === null) continue;
      // Else every delta but the first would fall short.
      expect((everySeconds + schedule.overlapSeconds) * 1_000, feed).toBeLessThan(reachMs);
    }
  });

  it('reads its credentials by the names it gives, at each use', () => {
    const asked: string[] = [];
    const authentication = connector.authentication((credential) => {
      asked.push(credential);
      return 'value';
    });
    if (authentication.kind === 'header') authentication.secret();
    else void [authentication.clientId(), authentication.clientSecret()];
    expect(asked.sort()).toEqual([...connector.credentials].sort());
  });

  it('makes only calls that one of its limits counts', async () => {
    const classes = new Set<string>();
    for (const question of questions) {
      const supplier = replay(recordings, now);
      await question.ask(supplier.call).catch(onlyCallFailed);
      for (const request of supplier.requests) classes.add(request.callClass);
    }
    const authentication = connector.authentication(() => 'value');
    if (authentication.kind === 'clientCredentials') classes.add(authentication.callClass);
    for (const callClass of classes) {
      const isCounted = connector.profile.limits.some(({ counts }) => counts === 'all' || counts.includes(callClass));
      expect(isCounted, callClass).toBe(true);
    }
  });

  it('asks relative paths alone', async () => {
    for (const question of questions) {
      const supplier = replay(recordings, now);
      await question.ask(supplier.call).catch(onlyCallFailed);
      for (const { path } of supplier.requests) expect(path).not.toMatch(/^(?:[a-z]+:|\/\/|\\)/i);
    }
  });

  it('has a use for every recorded answer', async () => {
    const used = new Set<string>();
    for (const question of questions) {
      const { served } = await asked(question);
      for (const { file } of served) used.add(file);
    }
    expect(recordings.map(({ file }) => file).filter((file) => !used.has(file))).toEqual([]);
  });

  it.each(usable.filter(({ feed }) => feed !== null))('$name: walks to the end', async (question) => {
    const { outcome, served, answers } = await asked(question);
    expect(outcome).not.toBeInstanceOf(CallFailed);
    if (outcome instanceof CallFailed) return;
    expect(served.length).toBeGreaterThan(0);
    expect(outcome.observations.length).toBeGreaterThan(0);
    expect(outcome.rejections).toEqual([]);
    for (const observation of outcome.observations) {
      expect([FEED_KIND[question.feed!], 'absence']).toContain(observation.kind);
      expectSound(observation);
    }
    const observedAt = outcome.observations.map(({ time }) => time.observedAt);
    expect(observedAt).toEqual([...observedAt].sort((a, b) => a - b));
    expect(new Set(observedAt)).toEqual(new Set(answers.map(({ sentAt }) => sentAt)));
  });

  it.each(usable.filter(({ keys }) => keys !== null))('$name: states each key once', async (question) => {
    const { outcome } = await asked(question);
    expectEachOnce(outcome, question.keys!);
    expect((outcome as Answered).rejections).toEqual([]);
    for (const observation of (outcome as Answered).observations) expectSound(observation);
  });

  it.each(usable.filter(({ keys }) => keys !== null))('$name: in any order, with any repetition', async (question) => {
    const plain = await asked(question);
    const repeated = await asked(
      question,
      recordings.map((recording) => withRowsRepeated(recording, question.keys!)),
    );
    expectEachOnce(repeated.outcome, question.keys!);
    expect(sortedByKey(repeated.outcome)).toEqual(sortedByKey(plain.outcome));
  });

  it.each(questions.filter(({ isUnusable }) => isUnusable))('$name: fails as a whole', async (question) => {
    const { outcome } = await asked(question);
    expect(outcome).toBeInstanceOf(CallFailed);
    expect((outcome as CallFailed).failure).toBe('broken');
  });

  const nonsense: [string, unknown][] = [
    ['an empty object', {}],
    ['HTML', '<html><body>Service unavailable</body></html>'],
    ['errors as an object', { errors: { status: '500', title: 'Internal error' } }],
    ['errors as an array', { errors: [{ status: '500' }] }],
    ['an empty array', []],
    ['null', null],
    ['a number', 0],
  ];
  it.each(nonsense)('takes nothing from %s', async (_, body) => {
    const answering: CallSupplier = async () => ({
      status: 200,
      headers: {},
      body,
      sentAt: now,
      askedAt: now,
      sentAtSupplier: now,
    });
    for (const question of questions) {
      const outcome = await question.ask(answering).catch(onlyCallFailed);
      if (outcome instanceof CallFailed) continue;
      expect(outcome.observations, question.name).toEqual([]);
      expectEachOnce(outcome, question.keys ?? []);
    }
  });

  it.each(recordings)('$file: damage anywhere is refused or harmless', async (recording) => {
    for (const question of usable) {
      const { served } = await asked(question);
      if (!served.includes(recording)) continue;
      await fc.assert(
        fc.asyncProperty(mutation(recording.body), async (damage) => {
          const body = mutate(recording.body, damage);
          const damaged = recordings.map((other) => (other === recording ? { ...other, body } : other));
          const { outcome, served: used } = await asked(question, damaged);
          if (outcome instanceof CallFailed) return;
          if (question.keys !== null) expectEachOnce(outcome, question.keys);
          outcome.observations.forEach(expectSound);
          expectZerosSaid(outcome, used);
        }),
        { numRuns: MUTATIONS_PER_RECORDING },
      );
    }
  });

  async function asked(
    question: Question,
    from: readonly Recording[] = recordings,
  ): Promise<Replay & { outcome: Answered | CallFailed }> {
    const supplier = replay(from, now);
    return { ...supplier, outcome: await question.ask(supplier.call).catch(onlyCallFailed) };
  }
});

function onlyCallFailed(error: unknown): CallFailed {
  if (error instanceof CallFailed) return error;
  throw error;
}

function expectSound(observation: Observation): void {
  expect(observation.supplier).toBe(SUPPLIER);
  expect(observation.supplierPartNumber).toMatch(/\S/);
  const { version, observedAt, sourceAsOf } = observation.time;
  expect(Number.isSafeInteger(version) && version > 0).toBe(true);
  expect(Number.isSafeInteger(observedAt) && observedAt > 0).toBe(true);
  expect(sourceAsOf === null || Number.isSafeInteger(sourceAsOf)).toBe(true);
  if (observation.kind === 'stock') {
    const locations = observation.levels.map(({ location }) => location);
    expect(new Set(locations).size).toBe(locations.length);
    for (const { location, quantity } of observation.levels) {
      expect(location).toMatch(/\S/);
      if ('value' in quantity) expect(Number.isSafeInteger(quantity.value)).toBe(true);
    }
  } else if (observation.kind === 'price') {
    expect(observation.account).toBe(ACCOUNT);
    const kinds = observation.prices.map(({ kind }) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const { price } of observation.prices) {
      expect(price.amount).toMatch(/^\d+\.\d{2,4}$/);
      expect(Number(price.amount)).toBeGreaterThan(0);
      expect(price.currency).toMatch(/^[A-Z]{3}$/);
    }
  } else if (observation.kind === 'catalog') {
    expect(observation.brand).toMatch(/\S/);
    expect(observation.partNumber).toMatch(/\S/);
    expect(Number.isSafeInteger(observation.packQuantity) && observation.packQuantity >= 1).toBe(true);
  }
}

/** Exactly one statement for each key: stock, absence or rejection. Of other keys nothing is taken. */
function expectEachOnce(outcome: Answered | CallFailed, keys: readonly string[]): void {
  if (outcome instanceof CallFailed) throw outcome;
  const observed = outcome.observations.map(({ supplierPartNumber }) => supplierPartNumber);
  const rejected = outcome.rejections.map(({ supplierPartNumber }) => supplierPartNumber ?? '');
  const stated = [...observed, ...rejected.filter((key) => keys.includes(key))];
  expect(stated.sort()).toEqual([...keys].sort());
}

/** No exact 0 that the supplier did not say, by count for each part. */
function expectZerosSaid(outcome: Answered, used: readonly Recording[]): void {
  for (const observation of outcome.observations) {
    if (observation.kind !== 'stock') continue;
    const zeros = observation.levels.filter(({ quantity }) => 'value' in quantity && quantity.value === 0).length;
    if (zeros === 0) continue;
    const said = used.map(({ body }) => zerosSaidOf(body, observation.supplierPartNumber));
    expect(zeros).toBeLessThanOrEqual(Math.max(...said));
  }
}

function sortedByKey(outcome: Answered | CallFailed): unknown {
  if (outcome instanceof CallFailed) throw outcome;
  const key = (one: { supplierPartNumber: string | null }): string => one.supplierPartNumber ?? '';
  return [...outcome.observations, ...outcome.rejections].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The rows that bear one of the keys, backwards and twice. */
function withRowsRepeated(recording: Recording, keys: readonly string[]): Recording {
  const repeated = (value: unknown): unknown => {
    if (Array.isArray(value)) {
      const bearsKey = (row: unknown): boolean =>
        typeof row === 'object' && row !== null && Object.values(row).some((field) => keys.includes(field as string));
      const rows = value.map(repeated);
      return rows.some(bearsKey) ? [...rows, ...rows].reverse() : rows;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, repeated(inner)]));
  };
  return { ...recording, body: repeated(recording.body) };
}
