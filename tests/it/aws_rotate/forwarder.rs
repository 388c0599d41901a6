use serde_json::json;

use super::story::PRODUCTION;
use super::world::start;
use crate::support::account::{Account, ORIGINALS};

/// Forwards a port until a file `die` appears; from its second start on to where `elsewhere` says.
const FORWARDER: &str = r#"
import os, socket, sys, threading, time
here = os.path.dirname(os.path.abspath(__file__))
host, port, local = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
log = os.path.join(here, "opened")
if os.path.exists(log) and os.path.exists(os.path.join(here, "elsewhere")):
    host = open(os.path.join(here, "elsewhere")).read()
with open(log, "a") as f: f.write(f"{host}\n")
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def watch():
    while not os.path.exists(os.path.join(here, "die")): time.sleep(0.02)
    os.remove(os.path.join(here, "die"))
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
server = socket.create_server(("127.0.0.1", local))
while True:
    client, _ = server.accept()
    upstream = socket.create_connection((host, port))
    for pair in ((client, upstream), (upstream, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"#;

fn through_a_tunnel() -> Account {
    let account = Account::new().production();
    std::fs::write(account.path("forward.py"), FORWARDER).unwrap();
    account.script("20-seed/20_slow.sql", "SELECT pg_sleep(2);\n");
    let program = account.path("forward.py").display().to_string();
    let command = json!(["python3", program, "{host}", "{port}", "{local_port}"]);
    account.config("connect: direct", &format!("connect: {{ command: {command} }}"))
}

fn opened(account: &Account) -> Vec<String> {
    std::fs::read_to_string(account.path("opened")).unwrap().lines().map(str::to_owned).collect()
}

/// A tunnel that drops in the middle of a script is opened anew, and the run goes on with that script.
#[test]
fn one_that_drops_is_opened_anew_and_the_run_goes_on() {
    let account = through_a_tunnel();
    let mut run = start(&account, &["rotate"]);
    run.until("20-seed/10_developer.sql");
    let before = opened(&account).len();
    std::fs::write(account.path("die"), "").unwrap();
    run.until("reconnecting");
    let (done, _) = run.end();
    assert_eq!(done.code, 0, "{}", done.err);
    let opened = opened(&account);
    assert!(opened.len() > before, "{opened:?}");
    // The proof goes by the record's name, through a tunnel too.
    assert!(opened.iter().any(|host| host == "db.example.com"), "{opened:?}");
    assert_eq!(account.sql(&account.live().unwrap(), ORIGINALS), "0");
}

/// Rules 3 and 6: a tunnel that leads to production the second time. Its certificate is good for both here
/// (one wildcard for an account), but it does not know this run's password, so nothing is written.
#[test]
fn one_that_comes_back_leading_to_production_is_not_used() {
    let account = through_a_tunnel();
    let production = account.sql("app-prod", PRODUCTION);
    let mut run = start(&account, &["rotate"]);
    run.until("20-seed/10_developer.sql");
    let endpoint = account.state()["instances"]["app-prod"]["endpoint"].as_str().unwrap().to_owned();
    std::fs::write(account.path("elsewhere"), &endpoint).unwrap();
    std::fs::write(account.path("die"), "").unwrap();
    let (done, _) = run.end();
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(opened(&account).contains(&endpoint));
    done.says("to database app failed: password authentication failed").says("was removed");
    assert_eq!(account.sql("app-prod", PRODUCTION), production);
    assert_eq!((account.generations(), account.record()), (Vec::new(), None));
}
