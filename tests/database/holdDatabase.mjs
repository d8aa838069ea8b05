// Opens the database of a DATA_DIR as `role`, says so, and holds it until standard input ends.
import { openDatabase } from '../../dist/database/database.js';
import { createLog } from '../../dist/output/log.js';

const [dataDir, role] = process.argv.slice(2);
try {
  const database = await openDatabase({ dataDir }, role, createLog('silent'));
  console.log('open');
  await new Promise((resolve) => process.stdin.on('end', resolve).resume());
  await database.close();
} catch (error) {
  console.log(`refused: ${error.message}`);
}
