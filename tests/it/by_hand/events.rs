//! What the commands report.

use super::*;

/// `--from` and `DEVDB_FROM` are former names of `--database` and `DEVDB_DATABASE`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_former_names_of_the_database_option_still_work() {
    let desk = Desk::with(SHOP).await;
    let url = format!("postgres://master@127.0.0.1:{}/app", desk.place());
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = desk.command(arguments);
        command.env_remove("DEVDB_DATABASE").envs(variables.iter().copied());
        done(command.output().unwrap())
    };
    let written = run(&["init", "--database", &url], &[]).code(0).out;
    assert_eq!(run(&["init", "--from", &url], &[]).code(0).out, written);
    assert_eq!(run(&["init"], &[("DEVDB_FROM", &url)]).code(0).out, written);
    run(&["init"], &[]).code(2).says("--database URL");
    let other = [("DEVDB_FROM", "postgres://a@127.0.0.1/b"), ("DEVDB_DATABASE", url.as_str())];
    run(&["init"], &other).code(2).says("DEVDB_FROM");
    std::fs::write(desk.path("devdb.yaml"), &written).unwrap();
    run(&["coverage", "--from", &url], &[]).code(0).says("no devdb.lock");
    run(&["coverage"], &[("DEVDB_FROM", &url)]).code(0).says("no devdb.lock").says("ok   check column coverage: ");
    assert!(!run(&["init", "--help"], &[]).out.contains("--from"));
    // A database to be masked has no former name.
    run(&["scrub", "--from", &url], &[]).code(2);
    run(&["scrub"], &[("DEVDB_FROM", &url)]).code(2).says("--database URL");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_says_that_it_began_and_how_it_ended() {
    let desk = Desk::with(SHOP).await;
    // What is written to standard output can be pasted; the frame is not among it.
    let written = desk.devdb(&["init"]).code(0);
    assert!(!written.out.contains("devdb 0.") && written.err.contains("init 127.0.0.1:"), "{}", written.err);
    desk.begin();
    desk.framed("init", 0);
    desk.framed("audit", 7);
    desk.framed("coverage", 0);
    desk.cluster.sql("app", "ALTER TABLE users ADD birth_place text").await;
    let open = desk.framed("coverage", 7);
    assert!(open.iter().any(|event| event["event"] == "coverage"), "{open:#?}");
    assert!(open[open.len() - 2]["hint"].as_str().unwrap().contains("birth_place"), "{open:#?}");
    desk.framed("scrub", 7);
    let page = desk.page("scrub", 7);
    assert!(page.contains("birth_place") && page.contains("failed"), "{page}");
    desk.cluster.sql("app", "ALTER TABLE users DROP birth_place").await;

    let page = desk.page("scrub", 0);
    for words in [
        "0 · done",
        "columns masked",
        "rows masked",
        "id=\"coverage\"",
        "id=\"tables\"",
        "id=\"leaks\"",
        "public.users",
        "data-label=\"originals\"",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("corp.kr"), "{page}");
    for command in ["audit", "coverage", "init"] {
        let page = desk.page(command, 0);
        assert!(page.contains(&format!("devdb {command}")) && page.contains("0 · done"), "{page}");
    }
    desk.framed("scrub", 0);
    desk.cluster.sql("postgres", "DROP DATABASE app WITH (FORCE)").await;
    for command in ["init", "audit", "coverage", "scrub"] {
        desk.framed(command, 3);
    }
}
