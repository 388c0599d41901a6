//! The example company's production: its cluster, the data of its two databases, its snapshots.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::error::{Exit, Failure};
use crate::pg::server::{self, Account, PORT_ATTEMPTS, Programs, Server, is_port_free};
use crate::pg::tunnel::Transport;
use crate::pg::{self, Credentials, Route, Session, Trust, identifier};

use super::files;

const ROLES: &str = include_str!("roles.sql");
const SCHEMA: &str = include_str!("schema.sql");
const DATA: &str = include_str!("data.sql");
const PAY_SCHEMA: &str = include_str!("pay/schema.sql");
const PAY_DATA: &str = include_str!("pay/data.sql");
/// Copies users into the payment service: read in one database, written in the other.
const READ_PAYERS: &str = "SELECT json_agg(u)::text FROM (SELECT id AS user_id, name, email, phone, \
    '110-' || lpad((id * 7919 % 1000000)::text, 6, '0') AS refund_account FROM app.users WHERE id <= 600 ORDER BY id) u";
const WRITE_PAYERS: &str =
    "INSERT INTO pay.payers SELECT * FROM json_populate_recordset(NULL::pay.payers, $1::text::json)";
/// The first three people: of the first database, and of the payment service.
const USERS: &str = "SELECT name, email, phone FROM app.users WHERE id <= 3 ORDER BY id";
const PAYERS: &str = "SELECT name, email, (SELECT sum(amount_krw) FROM pay.transfers WHERE payer_id = user_id) || ' won' \
    FROM pay.payers WHERE user_id <= 3 ORDER BY user_id";
/// Name and password of the master user in roles.sql.
const MASTER: (&str, &str) = ("haneul_admin", "prod-master-Ahb4");

/// The production server.
pub struct Production {
    server: Server,
    port: u16,
}

impl Production {
    /// Creates the cluster and loads the data.
    pub async fn set_up(home: &Path, account: Account) -> Result<Production, Failure> {
        let (server, port) = cluster(home, account, "production", free_port()?, ROLES).await?;
        let production = Production { server, port };
        let master = production.login("postgres").await?;
        for database in ["haneul", "haneul_pay"] {
            master.run(&format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", identifier(database))).await?;
        }
        let company = production.login("haneul").await?;
        company.run(SCHEMA).await?;
        company.run(DATA).await?;
        let payers: String = company.query_one(READ_PAYERS, &[]).await?.get(0);
        let pay = production.login("haneul_pay").await?;
        pay.run(PAY_SCHEMA).await?;
        pay.execute(WRITE_PAYERS, &[&payers]).await?;
        pay.run(PAY_DATA).await?;
        Ok(production)
    }

    async fn login(&self, database: &str) -> Result<Session, Failure> {
        login(self.port, MASTER.0, MASTER.1, database).await
    }

    /// Takes a snapshot while the server is running.
    pub async fn snapshot(&self, home: &Path) -> Result<(), Failure> {
        let name = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let folder = home.join("snapshots/haneul-prod");
        std::fs::create_dir_all(&folder).map_err(|error| Failure::new(Exit::Unexpected, error))?;
        self.server.account.own(&folder).map_err(|error| Failure::new(Exit::Unexpected, error))?;
        let target = folder.join(name).display().to_string();
        let socket = self.server.data.display().to_string();
        let port = self.port.to_string();
        let words =
            ["-h", &socket, "-p", &port, "-U", "postgres", "-D", &target, "-c", "fast", "-X", "stream", "--no-sync"];
        self.server.programs.run("pg_basebackup", self.server.account, words).await?;
        Ok(())
    }

    /// Returns three users as they are in production.
    pub async fn users(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        users(&self.login("haneul").await?).await
    }

    /// Returns the same three as the payment service knows them.
    pub async fn payers(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        people(&self.login("haneul_pay").await?, PAYERS).await
    }

    /// Changes rows, so that the next snapshot differs.
    pub async fn add_changes(&self) -> Result<(), Failure> {
        let session = self.login("haneul").await?;
        session.run("UPDATE app.users SET name_en = name_en || ' Jr' WHERE id <= 3").await?;
        Ok(())
    }
}

/// Creates a cluster, runs `sql` in single-user mode, and starts the server: on `port`, or on another one if a program
/// takes that first. Returns the server and its port.
pub async fn cluster(
    home: &Path,
    account: Account,
    name: &str,
    mut port: u16,
    sql: &str,
) -> Result<(Server, u16), Failure> {
    let programs = Programs::find(None).await?;
    let data = home.join(name);
    let path = data.display().to_string();
    let words = ["-D", &path, "-U", "postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8"];
    programs.run("initdb", account, words.into_iter().chain(["--locale=C", "-N"])).await?;
    let settings = [
        ("listen_addresses", "127.0.0.1".to_owned()),
        // Only the account that owns the directory can reach this socket.
        ("unix_socket_directories", path.clone()),
        ("fsync", "off".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
    let mut server = Server { programs, account, data, settings, log: home.join(format!("{name}.log")) };
    server.single_user(&[sql.to_owned(), "SELECT 1".to_owned()]).await?;
    let mut attempt = 1;
    loop {
        server.settings.retain(|(name, _)| name != "port");
        server.settings.push(("port".to_owned(), port.to_string()));
        match server.start(Duration::from_secs(60)).await {
            Ok(()) => return Ok((server, port)),
            Err(_) if attempt < PORT_ATTEMPTS && !is_port_free(port) => (attempt, port) = (attempt + 1, free_port()?),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns the same three users and payers through the service file, as a developer's psql connects.
pub async fn people_by_name(home: &Path) -> Result<[Vec<(&'static str, String)>; 2], Failure> {
    let file = home.join("pg_service.conf");
    let text = std::fs::read_to_string(&file).map_err(|error| Failure::new(Exit::Unexpected, error))?;
    let port = text.lines().find_map(|line| line.strip_prefix("port=")?.parse().ok());
    let port = port.ok_or_else(|| Failure::new(Exit::Unexpected, format!("{} has no port", file.display())))?;
    let login = async |database| login(port, "haneul_app", files::APP_PASSWORD, database).await;
    Ok([users(&login("haneul").await?).await?, people(&login("haneul_pay").await?, PAYERS).await?])
}

/// Returns the first three users.
pub async fn users(session: &Session) -> Result<Vec<(&'static str, String)>, Failure> {
    people(session, USERS).await
}

async fn people(session: &Session, sql: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let rows = session.query(sql, &[]).await?;
    let text = |row: &tokio_postgres::Row, column: usize| -> String {
        row.try_get::<_, Option<String>>(column).ok().flatten().unwrap_or_default()
    };
    Ok(rows.iter().map(|row| ("", format!("{}  {}  {}", text(row, 0), text(row, 1), text(row, 2)))).collect())
}

async fn login(port: u16, user: &str, password: &str, database: &str) -> Result<Session, Failure> {
    let route = Route { host: "127.0.0.1".into(), port, server_name: None };
    let tunnel = Transport::Direct.open(&route).await?;
    let credentials = Credentials { user: user.to_owned(), password: SecretString::from(password) };
    Ok(pg::connect(&tunnel, &Trust::load(None)?, &credentials, database).await?)
}

/// Returns a port that no program listens on.
pub fn free_port() -> Result<u16, Failure> {
    server::free_port().map_err(|error| Failure::new(Exit::Unexpected, error))
}

/// Ends every server below a directory at once. The directory is about to be removed.
pub fn end_servers(home: &Path) {
    let instances = std::fs::read_dir(home.join("instances")).into_iter().flatten().flatten();
    let clusters: Vec<PathBuf> = instances
        .map(|entry| entry.path().join("data"))
        .chain([home.join("production"), home.join("laptop")])
        .collect();
    for data in &clusters {
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).ok();
        let pid = pid.and_then(|text| text.lines().next()?.trim().parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // A server that does not end loses its files, and then ends by itself within a minute.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
            for _ in 0..100 {
                if !data.join("postmaster.pid").exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
