using JasperFx;
using Marten;
using Xunit;

namespace Traceability.StandinTests.Marten;

/// <summary>Documents, and databases of their own for tenants.</summary>
public class DocumentTests(Server server) : IClassFixture<Server>
{
    [Fact]
    public async Task A_document_is_stored_found_replaced_and_deleted()
    {
        await using var store = await OpenAsync();
        await SaveAsync(store, session => session.Store(new Balance("a", 1.50m), new Balance("b", 2)));
        await SaveAsync(store, session => session.Store(new Balance("b", 3)));
        await using var reader = store.QuerySession();

        Assert.Equal(new Balance("a", 1.50m), await reader.LoadAsync<Balance>("a"));
        Assert.Equal([3m], (await reader.QueryAsync<Balance>("where d.id > ?", "a")).Select(it => it.Open));
        Assert.Equal(["1.50"], await reader.QueryAsync<string>(
            $"select data ->> 'open' from {Invoices.Schema}.mt_doc_balance where id = ?", "a"));

        await SaveAsync(store, session => session.Delete<Balance>("a"));
        Assert.Null(await reader.LoadAsync<Balance>("a"));
    }

    [Fact]
    public async Task A_revision_that_is_not_newer_is_refused()
    {
        await using var store = await OpenAsync();
        await SaveAsync(store, session => session.UpdateRevision(new Address("a", "first"), 1));
        await SaveAsync(store, session => session.UpdateRevision(new Address("a", "second"), 2));

        await Assert.ThrowsAsync<ConcurrencyException>(
            () => SaveAsync(store, session => session.UpdateRevision(new Address("a", "late"), 2)));
        await Assert.ThrowsAsync<DocumentAlreadyExistsException>(
            () => SaveAsync(store, session => session.Insert(new Address("a", "again"))));
        await using var reader = store.QuerySession();
        Assert.Equal("second", (await reader.LoadAsync<Address>("a"))!.Street);
    }

    [Fact]
    public async Task Tenants_have_databases_of_their_own_made_on_first_use()
    {
        await using var store = Invoices.Open(
            options => options.MultiTenantedWithSingleServer(server.ConnectionString), TimeProvider.System);
        await using (var aoki = store.LightweightSession("tenant_aoki"))
        {
            aoki.Store(new Balance("a", 1));
            await aoki.SaveChangesAsync();
        }

        await using var other = store.QuerySession("tenant_baba");
        Assert.Null(await other.LoadAsync<Balance>("a"));
        await using var same = store.QuerySession("tenant_aoki");
        Assert.Equal(1, (await same.LoadAsync<Balance>("a"))!.Open);
    }

    [Fact]
    public async Task A_listed_tenant_is_known_and_no_other()
    {
        var database = await server.DatabaseAsync();
        await using var store = Invoices.Open(
            options => options.MultiTenantedDatabases(tenants => tenants.AddSingleTenantDatabase(database, "aoki")),
            TimeProvider.System);
        await using var session = store.QuerySession("aoki");
        Assert.Null(await session.LoadAsync<Balance>("a"));

        await Assert.ThrowsAsync<JasperFx.MultiTenancy.UnknownTenantIdException>(async () =>
        {
            await using var unknown = store.QuerySession("baba");
            await unknown.LoadAsync<Balance>("a");
        });
    }

    [Fact]
    public async Task A_queued_command_is_one_statement()
    {
        await using var store = await OpenAsync();
        await using var session = store.LightweightSession();

        session.QueueSqlCommand("select 1;");
        Assert.Throws<ArgumentOutOfRangeException>(() => session.QueueSqlCommand("select 1; select 2"));
        await session.SaveChangesAsync();
    }

    private async Task<DocumentStore> OpenAsync()
    {
        var database = await server.DatabaseAsync();
        return Invoices.Open(options => options.Connection(database), TimeProvider.System);
    }

    private static async Task SaveAsync(DocumentStore store, Action<IDocumentSession> change)
    {
        await using var session = store.LightweightSession();
        change(session);
        await session.SaveChangesAsync();
    }
}
