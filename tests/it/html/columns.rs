//! The columns of an invented company, and what becomes of them.

use devdb::event::ColumnCoverage;

/// What becomes of the columns of two databases.
#[expect(clippy::too_many_lines, reason = "a table of columns")]
pub fn coverage() -> Vec<(&'static str, Vec<ColumnCoverage>)> {
    let column = |table: &str, words: &str| {
        let mut words = words.split('|');
        let (name, kind, class, by) =
            (words.next().unwrap(), words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
        let class =
            ["masked", "scripted", "kept", "computed", "elsewhere", "open"].into_iter().find(|known| *known == class);
        ColumnCoverage { column: format!("{table}.{name}"), kind: kind.into(), class: class.unwrap(), by: by.into() }
    };
    let id = "id|bigint|kept|*.id";
    let times = ["created_at|timestamptz|kept|*.*_at", "updated_at|timestamptz|kept|*.*_at"];
    let tables: Vec<(&str, Vec<&str>)> = vec![
        (
            "app.changelog",
            vec![
                id,
                "title|text|kept|app.changelog.*",
                "author|text|kept|app.changelog.*",
                "body|text|kept|app.changelog.*",
                times[0],
            ],
        ),
        (
            "app.messages",
            vec![
                id,
                "user_id|bigint|kept|*.*_id",
                "body|text|masked|text: app.messages.body",
                "sender_ip|inet|masked|ip: *.*_ip",
                "search|tsvector|computed|computed from other columns",
                times[0],
            ],
        ),
        (
            "app.notes",
            vec![
                id,
                "user_id|bigint|kept|*.*_id",
                "title|text|masked|text: app.notes.*",
                "body|text|masked|text: app.notes.*",
                "tags|text[]|masked|text: app.notes.*",
                "colour|app.colour|kept|app.notes.colour",
                times[0],
                times[1],
            ],
        ),
        (
            "billing.\"주문 \"\"특별\"\"\"",
            vec![
                id,
                "받는 사람|text|masked|fake: billing.*.받는 사람",
                "주소|text|masked|fake: *.*.주소",
                "수량|integer|kept|keep_types: integer",
                times[0],
            ],
        ),
        (
            "billing.invoices",
            vec![
                id,
                "organisation_id|bigint|kept|*.*_id",
                "recipient|text|masked|fake: billing.invoices.recipient",
                "business_number|varchar(12)|masked|registration_number: *.business_number",
                "total|numeric(12,2)|scripted|billing.invoices.total",
                "vat|numeric(12,2)|computed|computed from other columns",
                "currency|char(3)|kept|*.currency",
                times[0],
            ],
        ),
        (
            "public.audit_logs",
            vec![
                id,
                "actor|bigint|kept|*.*_id",
                "action|text|kept|public.audit_logs.action",
                "payload|jsonb|masked|json: public.audit_logs.payload",
                "request_id|uuid|masked|uuid: *.request_id",
                times[0],
            ],
        ),
        (
            "public.organisations",
            vec![
                id,
                "name|text|masked|fake: public.organisations.name",
                "business_number|varchar(12)|masked|registration_number: *.business_number",
                "plan_id|bigint|kept|*.*_id",
                "postal_code|char(5)|masked|postal_code: *.postal_code",
                "address|text|masked|fake: *.address",
                times[0],
                times[1],
            ],
        ),
        (
            "public.plans",
            vec![
                id,
                "name|text|kept|public.plans.*",
                "price|numeric(12,2)|kept|public.plans.*",
                "support_email|text|kept|public.plans.*",
            ],
        ),
        (
            "public.users",
            vec![
                id,
                "email|citext|masked|email: *.email",
                "name|text|masked|fake: public.users.name",
                "given_name|text|masked|fake: public.users.given_name",
                "phone|text|masked|phone: *.phone",
                "birth_date|date|masked|date: public.users.birth_date",
                "resident_number|char(14)|masked|registration_number: public.users.resident_number",
                "password_hash|text|masked|fixed: public.users.password_hash",
                "remember_token|text|masked|null: *.*_token",
                "api_token|text|masked|null: *.*_token",
                "last_login_ip|inet|masked|ip: *.*_ip",
                "locale|text|kept|*.locale",
                "is_admin|boolean|kept|keep_types: boolean",
                "login_count|integer|scripted|public.users.login_count",
                times[0],
                times[1],
                "deleted_at|timestamptz|kept|*.*_at",
            ],
        ),
        (
            "warehouse.daily_orders",
            vec![
                "day|date|elsewhere|a foreign table",
                "orders|bigint|elsewhere|a foreign table",
                "revenue|numeric|elsewhere|a foreign table",
            ],
        ),
    ];
    let sessions = vec![
        id,
        "user_id|bigint|masked|identifier: follows public.users.id",
        "ip|inet|masked|ip: *.ip",
        "user_agent|text|masked|fixed: *.user_agent",
        "token|text|masked|null: *.token",
        times[0],
    ];
    let columns = |tables: Vec<(&str, Vec<&str>)>| {
        tables
            .into_iter()
            .flat_map(|(table, columns)| columns.into_iter().map(move |words| column(table, words)))
            .collect()
    };
    vec![("haneul", columns(tables)), ("events", columns(vec![("public.sessions", sessions)]))]
}
