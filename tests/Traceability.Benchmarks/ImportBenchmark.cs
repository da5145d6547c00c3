using System.Text;
using Npgsql;
using Spectre.Console;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Demo;
using Traceability.Local.Federation;

namespace Traceability.Benchmarks;

/// <summary>
/// Parts and lines into a node, against bare inserts of rows of the same size into the same PostgreSQL.
/// </summary>
internal static class ImportBenchmark
{
    private const int Lines = 10_000;
    private const int Made = 100;
    private const int RowsPerInsert = 500;

    /// <summary>The best of these is shown: the first ones compile.</summary>
    private const int Runs = 24;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-benchmark-").FullName;
        await using (var federation = await LocalFederation.StartAsync(
            folder, Place.Apart(["A"]), durable: true, _ => { }, cancellationToken))
        {
            await new Story(federation, _ => { }).EnrolAsync(cancellationToken);
            using var company = await CompanyAtWork.StartAsync(federation, "A", cancellationToken);
            var rows = Rows();
            var checks = await Measure.EachAsync(Runs, async _ => await company.ImportAsync(rows, cancellationToken, dryRun: true));
            var stores = await Measure.EachAsync(1, async _ => await company.ImportAsync(rows, cancellationToken));
            var again = await Measure.EachAsync(Runs, async _ => await company.ImportAsync(rows, cancellationToken));
            var bare = await BareAsync(federation, cancellationToken);
            var table = Measure.Table(
                $"Import of {rows.Count:n0} rows: {Lines + Made:n0} parts, {Lines:n0} lines", "what", "milliseconds",
                "rows per second", "ratio to bare inserts");
            Add("check only", checks[0]);
            Add("store and roll up", stores[0]);
            Add("the same again", again[0]);
            Add("bare multi-row inserts of as many events and documents", bare);
            AnsiConsole.Write(table);

            void Add(string what, TimeSpan took) => table.AddRow(
                what, Measure.Milliseconds(took), $"{rows.Count / took.TotalSeconds:n0}", Measure.Ratio(took, bare));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static List<ImportRow> Rows() =>
    [
        .. Enumerable.Range(0, Lines + Made).Select(part => new ImportRow
        {
            Sheet = "parts",
            Row = part + 2,
            Part = new()
            {
                PartNumber = $"P-{part}",
                Name = $"part {part}",
                Kind = part < Made ? "made" : "bought",
                Unit = "piece",
            },
        }),
        .. Enumerable.Range(0, Lines).Select(line => new ImportRow
        {
            Sheet = "lines",
            Row = line + 2,
            Line = new() { Parent = $"P-{line % Made}", Child = $"P-{line + Made}", Amount = "1.5", Unit = "piece" },
        }),
    ];

    /// <summary>One event and one document for each part, one of each for each bill of materials.</summary>
    private static async Task<TimeSpan> BareAsync(LocalFederation federation, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(federation.ConnectionString("postgres"));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var create = new NpgsqlCommand(
            "create table bare_event (seq bigint primary key, id text, data jsonb); "
            + "create table bare_document (id text primary key, data jsonb)",
            connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        var part = """{"name": "part 1234", "kind": "Bought", "traceId": "01980000-0000-7000-8000-000000000001", "unit": "piece"}""";
        var times = await Measure.EachAsync(1, async _ =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            for (var from = 0; from < Lines + Made; from += RowsPerInsert)
            {
                await InsertAsync("bare_event (seq, id, data)", from, row => $"({row}, 'part/{row}', '{part}')");
                await InsertAsync("bare_document (id, data)", from, row => $"('part/{row}', '{part}')");
            }

            await transaction.CommitAsync(cancellationToken);
        });
        return times[0];

        async Task InsertAsync(string table, int from, Func<int, string> row)
        {
            var sql = new StringBuilder($"insert into {table} values ");
            sql.AppendJoin(", ", Enumerable.Range(from, RowsPerInsert).Select(row));
            await using var command = new NpgsqlCommand(sql.ToString(), connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
