using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Exceptions;
using Xunit;

namespace Traceability.StandinTests.Marten;

/// <summary>Streams of events: appended, folded, guarded against races.</summary>
public class EventTests(Server server) : IClassFixture<Server>
{
    private readonly SettableClock _clock = new(new DateTimeOffset(2026, 4, 1, 9, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_stream_folds_to_its_state_as_of_any_version_and_moment()
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 10.50m, Currency.Yen));
        _clock.Now += TimeSpan.FromHours(1);
        await AppendAsync(store, "invoice/1", new InvoiceRaised(0.10m), new InvoicePaid(null));

        await using var session = store.QuerySession();
        var now = await session.Events.AggregateStreamAsync<Invoice>("invoice/1");
        var first = await session.Events.AggregateStreamAsync<Invoice>("invoice/1", version: 1);
        var before = await session.Events.AggregateStreamAsync<Invoice>(
            "invoice/1", timestamp: _clock.Now - TimeSpan.FromMinutes(1));

        Assert.Equal(new Invoice("invoice/1", "Aoki", 10.60m, Currency.Yen, Paid: true), now);
        Assert.Equal(new Invoice("invoice/1", "Aoki", 10.50m, Currency.Yen, Paid: false), first);
        Assert.Equal(first, before);
        Assert.Equal(3, (await session.Events.FetchStreamStateAsync("invoice/1"))!.Version);
        Assert.Null(await session.Events.FetchStreamStateAsync("invoice/none"));
    }

    [Fact]
    public async Task What_moved_on_since_it_was_read_is_not_written()
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));
        await using var slow = store.LightweightSession();
        var stream = await slow.Events.FetchForWriting<Invoice>("invoice/1");
        await AppendAsync(store, "invoice/1", new InvoiceRaised(1));
        stream.AppendOne(new InvoicePaid(null));
        slow.Store(new Address("lost", "with the stream"));

        await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(() => slow.SaveChangesAsync());

        await using var session = store.QuerySession();
        Assert.Null(await session.LoadAsync<Address>("lost"));
        Assert.False((await session.Events.AggregateStreamAsync<Invoice>("invoice/1"))!.Paid);
    }

    [Fact]
    public async Task Only_one_of_two_starts_a_stream()
    {
        await using var store = await OpenAsync();
        await using var slow = store.LightweightSession();
        var stream = await slow.Events.FetchForWriting<Invoice>("invoice/1");
        stream.AppendOne(new InvoiceOpened("Baba", 2, Currency.Yen));
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));

        await Assert.ThrowsAsync<ExistingStreamIdCollisionException>(() => slow.SaveChangesAsync());
    }

    [Fact]
    public async Task Of_many_writers_at_once_each_version_has_one()
    {
        const int writers = 8;
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 0, Currency.Yen));

        var won = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => RaiseAsync(store)));

        await using var session = store.QuerySession();
        var invoice = await session.Events.AggregateStreamAsync<Invoice>("invoice/1");
        Assert.Equal(won.Count(it => it), invoice!.Amount);
        Assert.Contains(true, won);
        Assert.Equal(
            Enumerable.Range(1, won.Count(it => it) + 1).Select(version => (long)version),
            (await session.Events.FetchStreamAsync("invoice/1")).Select(e => e.Version));
    }

    [Fact]
    public async Task An_expected_version_that_is_not_there_is_refused_when_read()
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));
        await using var session = store.LightweightSession();

        await Assert.ThrowsAsync<ConcurrencyException>(
            () => session.Events.FetchForWriting<Invoice>("invoice/1", expectedVersion: 2));
    }

    [Fact]
    public async Task Every_event_says_who_when_and_in_the_course_of_what()
    {
        await using var store = await OpenAsync();
        await using (var session = store.LightweightSession())
        {
            session.LastModifiedBy = "clerk";
            session.CorrelationId = "trace-1";
            session.CausationId = "call-2";
            session.SetHeader("rows", 3);
            session.Events.StartStream<Invoice>("invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));
            await session.SaveChangesAsync();
        }

        await using var reader = store.QuerySession();
        var stored = Assert.Single(await reader.Events.FetchStreamAsync("invoice/1"));

        Assert.Equal(
            ("clerk", "trace-1", "call-2", _clock.Now),
            (stored.UserName, stored.CorrelationId, stored.CausationId, stored.Timestamp));
        Assert.Equal("3", $"{stored.GetHeader("rows")}");
    }

    [Fact]
    public async Task An_event_is_read_by_its_pinned_name_whatever_class_wrote_it()
    {
        var database = await server.DatabaseAsync();
        await using var store = Invoices.Open(options => options.Connection(database), _clock);
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));
        await Server.RowsAsync(database, $"update {Invoices.Schema}.mt_events set mt_dotnet_type = 'Gone, Gone'");
        await using var session = store.QuerySession();
        Assert.Equal("Aoki", (await session.Events.AggregateStreamAsync<Invoice>("invoice/1"))!.Customer);

        await Server.RowsAsync(database, $"update {Invoices.Schema}.mt_events set type = 'invoice_shredded'");
        await Assert.ThrowsAsync<UnknownEventTypeException>(() => session.Events.FetchStreamAsync("invoice/1"));
    }

    [Fact]
    public async Task An_inline_read_model_is_written_with_its_events_or_not_at_all()
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 10, Currency.Yen), new InvoiceRaised(5));
        await using (var session = store.LightweightSession())
        {
            session.Events.Append("invoice/1", new InvoicePaid(null));
            session.QueueSqlCommand("select 1 / 0");
            await Assert.ThrowsAsync<MartenCommandException>(() => session.SaveChangesAsync());
        }

        await using var reader = store.QuerySession();
        Assert.Equal(15, (await reader.LoadAsync<Balance>("invoice/1"))!.Open);
        Assert.Equal(2, (await reader.Events.FetchStreamAsync("invoice/1")).Count);
    }

    [Fact]
    public async Task All_events_can_be_read_in_order()
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, "invoice/1", new InvoiceOpened("Aoki", 1, Currency.Yen));
        await AppendAsync(store, "invoice/2", new InvoiceOpened("Baba", 2, Currency.Euro));
        await AppendAsync(store, "invoice/1", new InvoicePaid("r"));
        await using var session = store.QuerySession();

        var page = await session.QueryAsync<IEvent>(
            "where d.seq_id > ? order by d.seq_id limit ?", CancellationToken.None, 1L, 10);

        Assert.Equal(["invoice/2", "invoice/1"], page.Select(e => e.StreamKey));
        Assert.Equal(new InvoicePaid("r"), page[1].Data);
    }

    private async Task<DocumentStore> OpenAsync()
    {
        var database = await server.DatabaseAsync();
        return Invoices.Open(options => options.Connection(database), _clock);
    }

    private static async Task AppendAsync(DocumentStore store, string key, params object[] events)
    {
        await using var session = store.LightweightSession();
        var stream = await session.Events.FetchForWriting<Invoice>(key);
        stream.AppendMany(events);
        await session.SaveChangesAsync();
    }

    private static async Task<bool> RaiseAsync(DocumentStore store)
    {
        try
        {
            await AppendAsync(store, "invoice/1", new InvoiceRaised(1));
            return true;
        }
        catch (ConcurrencyException)
        {
            return false;
        }
    }

    private sealed class SettableClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
