//! Texts and lists that are written by hand, against what they stand for.

use sea_orm::{DbBackend, Insert, QueryTrait};

use super::{Texts, insert, padded};

mod sample {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "samples")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: i64,
        pub(super) text: String,
        pub(super) bytes: Option<Vec<u8>>,
        pub(super) flag: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn row(id: i64) -> sample::Model {
    sample::Model {
        id,
        text: "o'clock \"?\" $1".to_owned(),
        bytes: (id == 2).then(|| vec![1, 2]),
        flag: id == 1,
    }
}

#[test]
fn rows_are_inserted_as_the_query_builder_would_insert_them() {
    for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
        for rows in [vec![row(1)], vec![row(1), row(2), row(3)]] {
            let built = Insert::many(rows.clone()).build(backend);
            assert_eq!(insert(backend, rows.into_iter(), Texts::OfAllRows), built);
        }
    }
}

#[test]
fn the_text_of_one_row_serves_all() {
    let one = insert(DbBackend::Sqlite, [row(1)].into_iter(), Texts::OfAllRows);
    let three = insert(DbBackend::Sqlite, [row(1), row(2), row(3)].into_iter(), Texts::OfOneRow);
    assert_eq!(three.sql, one.sql);
    let all = insert(DbBackend::Sqlite, [row(1), row(2), row(3)].into_iter(), Texts::OfAllRows);
    assert_eq!(three.values, all.values);
}

#[test]
fn lists_grow_to_powers_of_four() {
    for (given, expected) in [(0, 0), (1, 1), (2, 4), (4, 4), (5, 16), (17, 64), (256, 256)] {
        let values = padded((0..given).collect::<Vec<usize>>());
        assert_eq!(values.len(), expected);
        assert!(values.iter().all(|value| *value < given));
    }
}
