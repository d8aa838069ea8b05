// For Prisma's own command line, which is no part of an installation: `DATABASE_URL=... npx prisma@7 migrate resolve ...`.
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL },
};
