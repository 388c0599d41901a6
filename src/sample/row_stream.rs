//! Execution of row queries on the connections of the pool.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{self, Stream, TryStreamExt};
use tokio_postgres::RowStream;
use tokio_postgres::types::{ToSql, Type};

use super::error::{Result, SampleError};
use super::key_set::{KeyArray, KeyType, KeyValue};
use super::pool::{Pool, PooledSession, query_error};
use super::query::RowQuery;

/// Some rows, each with the values of its table's slots.
pub(super) type Batch = Vec<Vec<KeyValue>>;

/// Rows in a batch.
const BATCH: usize = 1024;

/// Runs a query and returns its rows in batches. Dropping the stream cancels the query.
pub(super) fn read(
    pool: Arc<Pool>,
    types: Vec<KeyType>,
    query: RowQuery,
) -> Pin<Box<dyn Stream<Item = Result<Batch>> + Send>> {
    let start = async move {
        let mut session = pool.take().await?;
        session.prefer_index(query.by_index).await?;
        let parameters: Vec<(Box<dyn ToSql + Sync + Send>, Type)> =
            query.parameters.into_iter().map(parameter).collect();
        let sql = query.sql;
        let rows = session.begin()?.client().query_typed_raw(&sql, parameters).await.map_err(query_error(&sql))?;
        let state = Some((session, Box::pin(rows), types, sql));
        Ok::<_, SampleError>(stream::try_unfold(state, async |state| {
            let Some((mut session, mut rows, types, sql)) = state else { return Ok(None) };
            let batch = next_batch(&mut rows, &types, &sql).await?;
            if batch.len() == BATCH {
                return Ok(Some((batch, Some((session, rows, types, sql)))));
            }
            session.end();
            Ok(Some((batch, None)))
        }))
    };
    Box::pin(stream::once(start).try_flatten())
}

async fn next_batch(rows: &mut Pin<Box<RowStream>>, types: &[KeyType], sql: &str) -> Result<Batch> {
    let mut batch = Vec::new();
    while batch.len() < BATCH {
        let Some(row) = rows.try_next().await.map_err(query_error(sql))? else { break };
        let value = |(at, key_type): (usize, &KeyType)| match key_type {
            KeyType::Int => row.try_get::<_, Option<i64>>(at).map(|value| value.map_or(KeyValue::Null, KeyValue::Int)),
            KeyType::Text => {
                row.try_get::<_, Option<String>>(at).map(|value| value.map_or(KeyValue::Null, KeyValue::Text))
            }
        };
        let values = types.iter().enumerate().map(value).collect::<std::result::Result<_, _>>();
        batch.push(values.map_err(query_error(sql))?);
    }
    Ok(batch)
}

fn parameter(array: KeyArray) -> (Box<dyn ToSql + Sync + Send>, Type) {
    match array {
        KeyArray::Ints(values) => (Box::new(values), Type::INT8_ARRAY),
        KeyArray::Texts(values) => (Box::new(values), Type::TEXT_ARRAY),
    }
}

/// Returns the result of a query for one count.
pub(super) async fn count(session: &mut PooledSession, sql: &str) -> Result<u64> {
    let rows = session.query(sql, &[]).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
}
