package cli

type benchCommand struct {
	Fill     benchFill     `cmd:"" help:"Fill an installation with made-up cards and their history, to measure by."`
	Plans    benchPlans    `cmd:"" help:"Show how the database goes about the queries that requests wait for."`
	Bulk     benchBulk     `cmd:"" help:"Measure bulk orders: cards a second, memory of the server, and activations beside them."`
	Run      benchRun      `cmd:"" help:"Measure activations and what goes with them against what the machine could do at that time."`
	Webhooks benchWebhooks `cmd:"" help:"Measure webhooks: deliveries a second of a backlog, and how soon an event is told."`

	Generate benchGenerate `cmd:"" hidden:"" help:"The part of a measurement that sends the load."`
	Floor    benchFloor    `cmd:"" hidden:"" help:"The part of a measurement that answers and does nothing."`
	Receive  benchReceive  `cmd:"" hidden:"" help:"The part of a measurement that takes webhooks."`
}
