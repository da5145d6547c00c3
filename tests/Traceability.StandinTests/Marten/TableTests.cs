using Xunit;

namespace Traceability.StandinTests.Marten;

/// <summary>What is stored, as Marten 9.29 was seen to store it.</summary>
public class TableTests(Server server) : IClassFixture<Server>
{
    [Fact]
    public async Task Tables_have_the_columns_of_Marten_9()
    {
        var database = await WrittenAsync();

        Assert.Equal(
            [
                "created timestamptz NO", "id varchar NO", "is_archived bool YES", "tenant_id varchar YES",
                "timestamp timestamptz NO", "type varchar YES", "version int8 YES",
            ],
            await ColumnsAsync(database, "mt_streams"));
        Assert.Equal(
            [
                "bdata bytea YES", "causation_id varchar YES", "correlation_id varchar YES", "data jsonb NO",
                "headers jsonb YES", "id uuid NO", "is_archived bool YES", "mt_dotnet_type varchar YES",
                "seq_id int8 NO", "stream_id varchar YES", "tenant_id varchar YES", "timestamp timestamptz NO",
                "type varchar NO", "user_name varchar YES", "version int8 NO",
            ],
            await ColumnsAsync(database, "mt_events"));
        Assert.Equal(
            ["last_seq_id int8 YES", "last_updated timestamptz YES", "name varchar NO"],
            await ColumnsAsync(database, "mt_event_progression"));
    }

    [Fact]
    public async Task Rows_carry_alias_version_metadata_and_json_as_Marten_9_writes_them()
    {
        var database = await WrittenAsync();

        Assert.Equal(
            ["invoice/1 invoice 2 *DEFAULT*"],
            await Server.RowsAsync(
                database,
                $"select concat_ws(' ', id, type, version, tenant_id) from {Invoices.Schema}.mt_streams"));
        Assert.Equal(
            [
                """
                1 1 invoice_opened clerk {"amount": 1.50, "currency": "Euro", "customer": "Aoki"} Traceability.StandinTests.Marten.InvoiceOpened, Traceability.StandinTests
                """,
                """
                2 2 invoice_paid clerk {"reference": null} Traceability.StandinTests.Marten.InvoicePaid, Traceability.StandinTests
                """,
            ],
            await Server.RowsAsync(
                database,
                $"""
                select concat_ws(' ', seq_id, version, type, user_name, data, mt_dotnet_type)
                from {Invoices.Schema}.mt_events order by seq_id
                """));
        Assert.Equal(
            ["""invoice/1 {"id": "invoice/1", "open": 0} Traceability.StandinTests.Marten.Balance"""],
            await Server.RowsAsync(
                database,
                $"select concat_ws(' ', id, data, mt_dotnet_type) from {Invoices.Schema}.mt_doc_balance"));
    }

    private async Task<string> WrittenAsync()
    {
        var database = await server.DatabaseAsync();
        await using var store = Invoices.Open(options => options.Connection(database), TimeProvider.System);
        await using var session = store.LightweightSession();
        session.LastModifiedBy = "clerk";
        session.Events.StartStream<Invoice>(
            "invoice/1", new InvoiceOpened("Aoki", 1.50m, Currency.Euro), new InvoicePaid(null));
        await session.SaveChangesAsync();
        return database;
    }

    private static Task<IReadOnlyList<string>> ColumnsAsync(string database, string table) => Server.RowsAsync(
        database,
        $"""
        select concat_ws(' ', column_name, udt_name, is_nullable) from information_schema.columns
        where table_schema = '{Invoices.Schema}' and table_name = '{table}' order by column_name
        """);
}
