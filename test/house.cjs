/**
 * Who may import whom. Types count like code, and circles are forbidden.
 * Each line: the room, then the rooms it may import; nothing else of src.
 */
const BELOW_INVENTORY = ['domain', 'redis', 'store', 'outbound', 'connectors'];
const BELOW_APP = [...BELOW_INVENTORY, 'inventory', 'graphql', 'sync', 'http'];
const ROOMS = {
  domain: [],
  redis: ['domain'],
  store: ['domain'],
  outbound: ['domain', 'redis', 'store'],
  connectors: ['domain', 'outbound'],
  inventory: BELOW_INVENTORY,
  graphql: ['domain', 'outbound', 'inventory'],
  sync: ['domain', 'store', 'outbound', 'connectors', 'inventory'],
  http: [],
  // The sandbox supplier is another company's program: it knows the words and nothing of the gateway.
  sandbox: ['domain'],
  // From here on what joins the rooms; none of them may import it.
  log: [],
  metrics: ['domain'],
  'until-stopped': [],
  'config-schema': ['domain'],
  config: ['domain', 'connectors', 'config-schema'],
  app: [...BELOW_APP, 'config', 'log', 'metrics', 'sandbox'],
  doctor: [...BELOW_APP, 'config', 'log', 'metrics', 'app'],
  embedded: [...BELOW_APP, 'config', 'log', 'metrics', 'app', 'sandbox', 'until-stopped'],
  main: [...BELOW_APP, 'config', 'log', 'metrics', 'app', 'sandbox', 'until-stopped', 'doctor', 'embedded'],
  console: [],
  ide: [],
};

/** A room is a folder or a file of that name: `http.ts` and `http/`. */
const room = (name) => `^src/${name}(/|[.][a-z]+$)`;
const rooms = (names) => names.map(room).join('|');
/** The programs that install, build and start run before there is anything to import. */
const TOOLS = '^src/(ide/.*|[a-z-]+)[.]mjs$';

const directions = Object.entries(ROOMS).map(([name, allowed]) => ({
  name: `${name}-imports-only-what-is-below-it`,
  severity: 'error',
  from: { path: room(name), pathNot: TOOLS },
  to: { path: '^src/', pathNot: rooms([name, ...allowed]) },
}));

module.exports = {
  forbidden: [
    ...directions,
    {
      name: 'every-file-is-in-a-room',
      comment: 'Name the new room and what it may import at the top of this file.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: [rooms(Object.keys(ROOMS)), TOOLS] },
    },
    {
      name: 'no-file-is-forgotten',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: [TOOLS, '[.]d[.]ts$'] },
      to: {},
    },
    {
      name: 'sandbox-is-started-by-its-command-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: room('sandbox') },
      to: { path: room('sandbox'), pathNot: '^src/sandbox/command[.]ts$' },
    },
    {
      name: 'connectors-do-not-know-one-another',
      severity: 'error',
      from: { path: '^src/connectors/([^/]+)/' },
      to: { path: '^src/connectors/[^/]+/', pathNot: '^src/connectors/$1/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'the-supplier-client-is-in-outbound-alone',
      comment: 'One way out: every supplier call goes through the gate.',
      severity: 'error',
      from: { path: '^src/', pathNot: room('outbound') },
      to: { path: 'node_modules/ky/' },
    },
    {
      name: 'sql-is-in-the-store-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: room('store') },
      to: { path: 'node_modules/(knex|mysql2|libsql)/' },
    },
    {
      name: 'redis-is-in-its-room-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: room('redis') },
      to: { path: 'node_modules/(redis|@redis|@keyv|keyv)/' },
    },
    {
      name: 'the-domain-is-pure',
      severity: 'error',
      from: { path: room('domain') },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'], pathNot: ['node_modules/decimal[.]js/', '^(node:)?crypto$'] },
    },
    {
      name: 'the-program-needs-no-tools',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/ide/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'every-import-is-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
