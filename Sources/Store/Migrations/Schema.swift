internal import GRDB

/// The database's shape: its migrations in order, and the mark that tells our files from others.
enum Schema {
    /// `PRAGMA application_id` of our databases: "tagt" in ASCII.
    static let applicationID: Int32 = 0x7461_6774

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("001-first", migrate: first)
        migrator.registerMigration("002-channels", migrate: channels)
        migrator.registerMigration("003-lanes", migrate: lanes)
        migrator.registerMigration("004-notices", migrate: notices)
        migrator.registerMigration("005-orchestrator", migrate: orchestrator)
        migrator.registerMigration("006-own-commands", migrate: ownCommands)
        migrator.registerMigration("007-tap-prints", migrate: tapPrints)
        return migrator
    }()
}
