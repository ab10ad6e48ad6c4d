/** An answer before it is written to the connection. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: 'application/json' | 'text/html';
  /** Sent as JSON; as it is where the content type is HTML. */
  readonly body: unknown;
}

export function jsonAnswer(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, contentType: 'application/json', body };
}

/** @param error a short word for programs; `message` is for people */
export function errorAnswer(
  status: number,
  error: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer({ error, message }, status, headers);
}

export function answerText(answer: Answer): string {
  return answer.contentType === 'text/html' ? String(answer.body) : JSON.stringify(answer.body);
}
