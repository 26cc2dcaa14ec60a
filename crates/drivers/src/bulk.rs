//! Many rows in few statements, and few different statement texts.
//!
//! The driver keeps prepared statements by their text. A batch of n rows is cut into the sizes of [`SIZES`], so that
//! batches of all sizes share four texts a table instead of preparing one for every n.

use portcullis_schemas::PortError;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, Insert, IntoActiveModel, ModelTrait};

use crate::rows::port_error;

/// Rows of one statement, largest first. The largest times the columns of the widest table stays below SQLite's
/// 32 766 bound values.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Inserts all rows, in order.
///
/// # Errors
/// The first statement's that fails; rows before it are in the transaction, which the caller must roll back.
pub(crate) async fn insert_all<C, M>(connection: &C, rows: Vec<M>) -> Result<(), PortError>
where
    C: ConnectionTrait,
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let size = SIZES.into_iter().find(|size| *size <= left).unwrap_or(1);
        let some = rows.by_ref().take(size);
        Insert::many(some).exec_without_returning(connection).await.map_err(port_error)?;
        left -= size;
    }
    Ok(())
}

/// The values of an `IN` list, the last one repeated until their number is a power of four.
pub(crate) fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    let Some(last) = values.last().cloned() else { return values };
    let mut size = 1;
    while size < values.len() {
        size *= 4;
    }
    values.resize(size, last);
    values
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn lists_grow_to_powers_of_four() {
        for (given, expected) in [(0, 0), (1, 1), (2, 4), (4, 4), (5, 16), (17, 64), (256, 256)] {
            let values = padded((0..given).collect::<Vec<usize>>());
            assert_eq!(values.len(), expected);
            assert!(values.iter().all(|value| *value < given));
        }
    }
}
