//! Rows of the trail.

/// `audit_events`.
pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) sequence: i64,
        pub(crate) event_id: String,
        pub(crate) event_type: String,
        pub(crate) occurred_at: i64,
        pub(crate) request_id: Option<String>,
        pub(crate) previous_hash: String,
        pub(crate) hash: String,
        pub(crate) record: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl crate::tenancy::TenantRows for Entity {
        const TENANT: Column = Column::TenantId;
    }
}

/// `audit_event_subjects`.
pub(crate) mod subject {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_event_subjects")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) subject_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) sequence: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl crate::tenancy::TenantRows for Entity {
        const TENANT: Column = Column::TenantId;
    }
}

/// `audit_events_indexed`: up to which event of a chain `audit_event_subjects` is whole.
pub(crate) mod indexed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events_indexed")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) tenant_id: String,
        pub(crate) sequence: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl crate::tenancy::TenantRows for Entity {
        const TENANT: Column = Column::TenantId;
    }
}
