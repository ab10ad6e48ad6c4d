export async function measureScale(_s: object, _d: object, _say: (t: string) => void): Promise<void> {}
