/** Calls a sandbox supplier as its users do: plain HTTP. */
export interface SandboxClient {
  get(path: string): Promise<Reply>;
  post(path: string, json: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** All pages of a list. */
  walk(list: 'catalog' | 'stock' | 'prices', query?: string): Promise<Row[]>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: () => ReplyBody;
}

export type Row = Readonly<Record<string, unknown>> & { readonly id: string; readonly updated_at: string };

export interface ReplyBody {
  readonly data: readonly Row[];
  readonly not_found: readonly string[];
  readonly meta: {
    readonly page: number;
    readonly total_pages: number;
    readonly total: number;
    readonly as_of: string;
  };
  readonly [field: string]: unknown;
}

export function createSandboxClient(
  url: string,
  auth: Readonly<Record<string, string>> = { 'x-api-key': 'sandbox-key' },
): SandboxClient {
  const get = (path: string): Promise<Reply> => read(`${url}${path}`, { headers: auth });
  const post: SandboxClient['post'] = (path, json, headers = {}) =>
    read(`${url}${path}`, {
      method: 'POST',
      headers: { ...auth, 'content-type': 'application/json', ...headers },
      body: typeof json === 'string' ? json : JSON.stringify(json),
    });
  const walk: SandboxClient['walk'] = async (list, query = '') => {
    const rows: Row[] = [];
    let frozen = '';
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const body = (await get(`/v1/${list}?page=${page}${query}${frozen}`)).json();
      rows.push(...body.data);
      pages = body.meta.total_pages;
      if (query.includes('changed_since')) frozen = `&as_of=${body.meta.as_of}`;
    }
    return rows;
  };
  return { get, post, walk };
}

async function read(url: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as ReplyBody };
}
