//! Classification of the columns of a real database.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use devdb::config::TablePath;
use devdb::discover::DiscoverError;
use devdb::discover::classify::{Classification, Proposal, classify};
use devdb::discover::value_samples::sample_values;
use devdb::pg::Session;
use devdb::pg::catalog::{columns, foreign_keys, tables};

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(the_columns_of_the_company_are_classified, unreadable_tables_are_listed_with_grants);

/// The example company's production.
pub(super) async fn company(cluster: &Cluster) -> Session {
    cluster.sql("postgres", include_str!("../../src/demo/roles.sql")).await;
    cluster.sql("postgres", "CREATE DATABASE haneul OWNER haneul_admin TEMPLATE template0 ENCODING 'UTF8'").await;
    let session = cluster.login("haneul_admin", "prod-master-Ahb4", "haneul").await.unwrap();
    session.run(include_str!("../../src/demo/schema.sql")).await.unwrap();
    session.run(include_str!("../../src/demo/data.sql")).await.unwrap();
    session
}

/// The classification of every column that is not a partition's.
async fn classifications(session: &Session) -> BTreeMap<String, Classification> {
    let (columns, tables) = (columns(session).await.unwrap(), tables(session).await.unwrap());
    let keys = foreign_keys(session).await.unwrap();
    let samples = sample_values(session, &columns, &tables, 300).await.unwrap();
    let mut classified = BTreeMap::new();
    for column in &columns {
        let place = TablePath { schema: column.schema.clone(), table: column.table.clone() };
        let Some(values) = samples.get(&(place, column.name.clone())).or_else(|| {
            let root = tables.iter().any(|table| table.name == column.table && table.root.is_none());
            const NONE: &Vec<String> = &Vec::new();
            root.then_some(NONE)
        }) else {
            continue;
        };
        let is_reference = keys
            .iter()
            .any(|key| key.schema == column.schema && key.table == column.table && key.columns.contains(&column.name));
        classified.insert(column.path(), classify(column, values, is_reference));
    }
    classified
}

async fn the_columns_of_the_company_are_classified(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = company(&cluster).await;
    let classified = classifications(&session).await;
    let mut wrong = String::new();
    for (path, expected) in MASKED.iter().copied() {
        let masked = matches!(&classified[path].proposal, Proposal::Mask(written) if written.starts_with(expected));
        if !masked {
            wrong.push_str(&format!("{path}: {expected}, but {:?}\n", classified[path]));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // Three columns with few values cannot be classified.
    let unknown: Vec<&str> = paths(&classified, &Proposal::Unknown);
    assert_eq!(unknown, UNKNOWN);
    assert_eq!(paths(&classified, &Proposal::Keep), KEPT);
    for (path, found) in &classified {
        for value in ["haneul.example", "gmail.example", "010-1", "김민수", "newsletter", "HN-2026"] {
            assert!(!found.reason.contains(value), "{path}: {}", found.reason);
        }
    }
}

fn paths<'a>(classified: &'a BTreeMap<String, Classification>, proposal: &Proposal) -> Vec<&'a str> {
    classified.iter().filter(|(_, found)| found.proposal == *proposal).map(|(path, _)| path.as_str()).collect()
}

const UNKNOWN: [&str; 3] = ["app.plans.features", "app.plans.name_en", "app.plans.name_ko"];

const KEPT: [&str; 17] = [
    "app.api_tokens.scopes",
    "app.audit_logs.action",
    "app.audit_logs.target_type",
    "app.contracts.scan",
    "app.contracts.valid",
    "app.files.mime_type",
    "app.files.sha256",
    "app.marketing_leads.source",
    "app.sessions.user_agent",
    "app.user_identities.provider",
    "billing.invoices.number",
    "billing.payment_methods.expires",
    "billing.subscriptions.period",
    "public.failed_jobs.connection",
    "public.failed_jobs.queue",
    "public.failed_jobs.uuid",
    "public.jobs.queue",
];

/// Columns with personal data, and the beginning of their masks.
const MASKED: &[(&str, &str)] = &[
    ("app.api_tokens.name", "{ text: lorem }"),
    ("app.api_tokens.token", "uuid"),
    ("app.audit_logs.payload", "{ json: { \"$.actor.email\": email, \"$.actor.ip\": ip"),
    ("app.comments.body", "{ text: lorem }"),
    ("app.files.exif", "{ json: { \"$.Artist\": { fake: korean_name }"),
    ("app.files.file_name", "{ text: lorem }"),
    ("app.folders.name", "{ text: lorem }"),
    ("app.login_attempts.email", "email"),
    ("app.login_attempts.ip", "ip"),
    ("app.marketing_leads.company", "{ fake: korean_company }"),
    ("app.marketing_leads.email", "email"),
    ("app.marketing_leads.full_name", "{ fake: korean_name }"),
    ("app.marketing_leads.mobile", "{ phone: kr }"),
    ("app.marketing_leads.utm", "{ json: { \"$.ref\": url }"),
    ("app.memberships.invited_email", "email"),
    ("app.memberships.title", "{ text: lorem }"),
    ("app.notes.body", "{ "),
    ("app.notes.shared_with", "email"),
    ("app.notes.title", "{ text: lorem }"),
    ("app.notification_outbox.payload", "{ json: { \"$.to.email\": email, \"$.to.name\": { fake: korean_name }"),
    ("app.notification_outbox.recipient", "{ text: lorem }"),
    ("app.notification_outbox.subject", "{ text: lorem }"),
    ("app.organisations.address", "{ fake: korean_address }"),
    ("app.organisations.name", "{ fake: korean_company }"),
    ("app.organisations.settings", "{ json: { \"$.admins"),
    ("app.password_resets.email", "email"),
    ("app.password_resets.token", "uuid"),
    ("app.sessions.ip", "ip"),
    ("app.sessions.token", "uuid"),
    ("app.support_tickets.body", "{ text: lorem }"),
    ("app.support_tickets.subject", "{ text: lorem }"),
    ("app.support_tickets.tags", "{ text: lorem }"),
    ("app.user_identities.access_token", "null"),
    ("app.user_identities.provider_uid", "username"),
    ("app.users.address", "{ fake: korean_address }"),
    ("app.users.avatar", "bytes"),
    ("app.users.birth_date", "{ date: year }"),
    ("app.users.last_login_ip", "ip"),
    ("app.users.name", "{ fake: korean_name }"),
    ("app.users.name_en", "{ fake: english_name }"),
    ("app.users.password_hash", "{ fixed: \"!\" }"),
    ("app.users.postal_code", "{ postal_code: kr }"),
    ("app.users.recovery_emails", "email"),
    ("app.users.settings", "{ json: { \"$.backup_contact.email\": email"),
    ("app.users.totp_secret", "null"),
    ("app.users_backup_2023.resident_no", "registration_number"),
    ("app.users_backup_2023.phone", "{ phone: kr }"),
    ("billing.invoices.bill_to_address", "{ fake: korean_address }"),
    ("billing.invoices.bill_to_name", "{ fake: korean_name }"),
    ("billing.payment_methods.card_holder", "{ fake: korean_name }"),
    ("billing.payments.provider_response", "{ json: { \"$.buyer_email\": email"),
    ("public.jobs.payload", "{ text: lorem }"),
    ("public.Weird \"Quoted\" Name.Camel Case", "{ text: lorem }"),
    ("public.주문 내역.배송 메모", "{ text: lorem }"),
    ("public.주문 내역.연락처", "{ phone: kr }"),
];

async fn unreadable_tables_are_listed_with_grants(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let owner = cluster.with_master().await;
    owner
        .run(
            "CREATE ROLE reader LOGIN PASSWORD 'r'; CREATE SCHEMA hidden; CREATE TABLE hidden.t (x text); \
             CREATE TABLE \"no t\" (x text); CREATE TABLE own (x text); CREATE TABLE policed (x text); \
             ALTER TABLE policed ENABLE ROW LEVEL SECURITY; GRANT SELECT ON own, policed TO reader; GRANT USAGE ON SCHEMA public TO reader",
        )
        .await
        .unwrap();
    let session = cluster.login("reader", "r", "app").await.unwrap();
    let (columns, tables) = (columns(&session).await.unwrap(), tables(&session).await.unwrap());
    let Err(DiscoverError::Denied { tables: denied, grants, role }) =
        sample_values(&session, &columns, &tables, 10).await
    else {
        panic!("reads what it may not");
    };
    assert_eq!(role, "reader");
    assert_eq!(denied, ["hidden.t", "public.no t", "public.policed"]);
    assert_eq!(
        grants,
        [
            "GRANT USAGE ON SCHEMA \"hidden\" TO \"reader\";",
            "GRANT SELECT ON \"hidden\".\"t\" TO \"reader\";",
            "GRANT SELECT ON \"public\".\"no t\" TO \"reader\";",
            "GRANT \"master\" TO \"reader\"; (or ALTER ROLE \"reader\" BYPASSRLS;)",
        ]
    );
    let written = "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NULL";
    assert!(session.query_one(written, &[]).await.unwrap().get::<_, bool>(0));
}
