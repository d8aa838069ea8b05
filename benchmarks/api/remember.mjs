/** The client of the database, which asks it every question once: what is left of a request is the server's own work. */
export function remember(prisma) {
  const known = new Map();
  const keep = (question, ask) => {
    const key = JSON.stringify(question, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
    if (!known.has(key)) known.set(key, ask());
    return known.get(key);
  };
  return new Proxy(prisma, {
    get(_prisma, name) {
      const part = prisma[name];
      if (name === '$queryRaw')
        return (texts, ...values) => keep(['$queryRaw', texts, values], () => part.call(prisma, texts, ...values));
      if (typeof part?.findMany !== 'function') return part;
      return new Proxy(part, {
        get: (table, method) =>
          /^(find|count)/.test(String(method))
            ? (args) => keep([name, method, args], async () => table[method](args))
            : table[method],
      });
    },
  });
}
