//! What is refused, with nothing changed.

use super::*;

fn a_store_program_that_does_not_exist_is_refused_before_any_change(world: &impl World) {
    let (_, second) = two_generations(world);
    world.edit("store: [sh,", "store: [no-such-program,");
    world.devdb(&["rollback"]).code(2).says("no-such-program").says(&format!("points at {second}"));
    assert_live(world, &second);
}

fn an_unknown_name_is_refused_with_the_candidates(world: &impl World) {
    let (first, second) = two_generations(world);
    let done = world.devdb(&["rollback", "app-dev-nonsense"]).code(3);
    let done = done.says("no generation is named app-dev-nonsense").says(&format!("candidates: {first}"));
    assert!(done.err.contains(&format!("points at {second}")), "{}", done.err);
    world.set_tag(&first, "devdb:phase", "secured");
    let done = world.devdb(&["rollback", &first]).code(3).says("was never published").says("phase is secured");
    assert!(done.err.contains("nothing was changed"), "{}", done.err);
    world.set_tag(&first, "devdb:phase", "retired");
    world.set_tag(&first, "devdb:target", "another");
    world.devdb(&["rollback", &first]).code(3).says("has no tag devdb:target=app-dev");
    world.devdb(&["rollback"]).code(3).says("no generation is kept").says("`generation.keep`");
    assert_eq!(world.live(), Some(second));
}

fn a_generation_that_is_not_scrubbed_in_every_database_stays_where_it_is(world: &impl World) {
    let (first, second) = two_generations(world);
    let before = stored(world);
    for database in databases::CONFIGURED {
        world.superuser(&first, database, "UPDATE devdb_meta.generation SET phase = 'secured'");
        let done = world.devdb(&["rollback"]).code(7).says(&format!("database {database} of")).says("has no marker");
        done.says(&format!("points at {second}"));
        assert_live(world, &second);
        assert_eq!(stored(world), before, "no password is stored for a generation that cannot be published");
        world.superuser(&first, database, "UPDATE devdb_meta.generation SET phase = 'scrubbed'");
    }
    world.superuser(&first, "billing", "DROP SCHEMA devdb_meta CASCADE");
    world.devdb(&["rollback"]).code(7).says("database billing of");
    assert_live(world, &second);
}

fn a_run_that_works_on_a_generation_is_respected(world: &impl World) {
    let (first, second) = two_generations(world);
    let lease = |generation: &str| {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(600);
        world.set_tag(generation, "devdb:lease", &until.to_string());
        world.set_tag(generation, "devdb:run", "another-run");
    };
    lease(&first);
    for command in ["rollback", "rotate"] {
        world.devdb(&[command]).code(75).says("another-run").says(&first);
        assert_live(world, &second);
    }
    world.devdb(&["rollback", "--take-over"]).code(0).says(&format!("{first} is live"));
    assert_live(world, &first);
    // A run that has ended holds no lease.
    let end: jiff::Timestamp = world.tag(&first, "devdb:lease").unwrap().parse().unwrap();
    assert!(end <= jiff::Timestamp::now(), "{end}");
}

fn a_dry_run_of_a_rollback_changes_nothing(world: &impl World) {
    let (first, second) = two_generations(world);
    let tags = |generation: &str| ["devdb:run", "devdb:lease", "devdb:phase"].map(|key| world.tag(generation, key));
    let before = (tags(&first), tags(&second), stored(world));
    let done = world.devdb(&["rollback", "--dry-run"]).code(0).says("nothing was changed");
    done.says(&format!("{second} -> {first}"));
    assert_eq!((tags(&first), tags(&second), stored(world)), before);
    assert_live(world, &second);
    // What would be refused is refused in a dry run.
    world.devdb(&["rollback", "--dry-run", &second]).code(3).says("already points at");
}

on_both!(
    a_store_program_that_does_not_exist_is_refused_before_any_change,
    an_unknown_name_is_refused_with_the_candidates,
    a_dry_run_of_a_rollback_changes_nothing,
    a_generation_that_is_not_scrubbed_in_every_database_stays_where_it_is,
    a_run_that_works_on_a_generation_is_respected,
);
