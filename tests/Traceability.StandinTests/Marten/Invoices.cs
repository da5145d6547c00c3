using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Marten.Events.Projections;
using Weasel.Core;

namespace Traceability.StandinTests.Marten;

/// <summary>A small domain of its own: the tests are about the store.</summary>
public sealed record InvoiceOpened(string Customer, decimal Amount, Currency Currency);

public sealed record InvoiceRaised(decimal By);

public sealed record InvoicePaid(string? Reference);

public enum Currency
{
    Yen,
    Euro,
}

public sealed record Invoice(string Id, string Customer, decimal Amount, Currency Currency, bool Paid)
{
    public static Invoice? Fold(Invoice? invoice, object data) => data switch
    {
        InvoiceOpened opened => new("", opened.Customer, opened.Amount, opened.Currency, Paid: false),
        InvoiceRaised raised => invoice! with { Amount = invoice.Amount + raised.By },
        InvoicePaid => invoice! with { Paid = true },
        _ => invoice,
    };
}

/// <summary>A read model that is kept in the transaction of the events.</summary>
public sealed record Balance(string Id, decimal Open)
{
    public Balance After(object data) => data switch
    {
        InvoiceOpened opened => this with { Open = opened.Amount },
        InvoiceRaised raised => this with { Open = Open + raised.By },
        InvoicePaid => this with { Open = 0 },
        _ => this,
    };
}

/// <summary>A document whose revisions the store counts.</summary>
public sealed record Address(string Id, string Street);

internal sealed class InvoiceFold : SingleStreamProjection<Invoice, string>
{
    public override Invoice? Evolve(Invoice? snapshot, string id, IEvent e) => Invoice.Fold(snapshot, e.Data);
}

internal sealed class BalanceProjection : IProjection
{
    public async Task ApplyAsync(
        IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        // A session does not see what it has stored and not yet saved.
        foreach (var stream in events.GroupBy(e => e.StreamKey!))
        {
            var before = await operations.LoadAsync<Balance>(stream.Key, cancellation) ?? new(stream.Key, 0);
            operations.Store(stream.Aggregate(before, (balance, e) => balance.After(e.Data)));
        }
    }
}

internal static class Invoices
{
    public const string Schema = "accounts";

    public static DocumentStore Open(Action<StoreOptions> connect, TimeProvider clock) => DocumentStore.For(options =>
    {
        connect(options);
        options.DatabaseSchemaName = Schema;
        options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
        options.DisableNpgsqlLogging = true;
        options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase);
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        options.Events.TimeProvider = clock;
        options.Events.MetadataConfig.CorrelationIdEnabled = true;
        options.Events.MetadataConfig.CausationIdEnabled = true;
        options.Events.MetadataConfig.HeadersEnabled = true;
        options.Events.MetadataConfig.UserNameEnabled = true;
        options.Events.MapEventType<InvoiceOpened>("invoice_opened");
        options.Events.MapEventType<InvoiceRaised>("invoice_raised");
        options.Events.MapEventType<InvoicePaid>("invoice_paid");
        options.Projections.Add(new InvoiceFold(), ProjectionLifecycle.Live);
        options.Projections.Add(new BalanceProjection(), ProjectionLifecycle.Inline, "balance");
        options.Schema.For<Balance>();
        options.Schema.For<Address>().UseNumericRevisions(true);
    });
}
