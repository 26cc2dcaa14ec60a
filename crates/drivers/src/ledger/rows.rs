//! Rows of intents, open intents and idempotency keys.

/// `mcp_tool_intents`: append-only.
pub(super) mod intent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mcp_tool_intents")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) intent_id: String,
        pub(crate) tenant_id: String,
        pub(crate) kind: String,
        pub(crate) instance_id: String,
        pub(crate) subject: String,
        pub(crate) recorded_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// `open_intents`: whoever deletes a row, settles its intent.
pub(super) mod open_intent {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "open_intents")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) intent_id: String,
        pub(crate) tenant_id: String,
        pub(crate) instance_id: String,
        /// Whether a row of `idempotency_keys` waits for the end.
        pub(crate) claimed: bool,
        pub(crate) recorded_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// `instances`.
pub(super) mod instance {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "instances")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) instance_id: String,
        pub(crate) lease_until: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// `idempotency_keys`.
pub(super) mod claim {
    use sea_orm::entity::prelude::*;

    /// The first request has not ended.
    pub(crate) const IN_FLIGHT: &str = "in_flight";
    /// It ended; `answer` holds what a repeat gets.
    pub(crate) const ENDED: &str = "ended";
    /// It was cut off, or its answer could not be kept.
    pub(crate) const UNKNOWN: &str = "unknown";

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotency_keys")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) key_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) operation: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) idempotency_key: String,
        pub(crate) request_hash: String,
        pub(crate) intent_id: String,
        pub(crate) state: String,
        pub(crate) answer: Option<Vec<u8>>,
        pub(crate) created_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
