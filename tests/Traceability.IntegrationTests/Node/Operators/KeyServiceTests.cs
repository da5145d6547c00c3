using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Xunit;

namespace Traceability.IntegrationTests.Node.Operators;

public class KeyServiceTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task Keys_rotate_without_downtime_and_old_evidence_stands()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var keys = new KeyService.KeyServiceClient(a.Channel);
        var (made, bought, _) = await a.DeliverAsync(b, "3", federation.Deadline);
        var before = await CurrentAsync(keys, a, "signing");

        var rotated = (await keys.RotateKeyAsync(new() { Use = "signing" }, a.Call)).Key;
        await new KeyService.KeyServiceClient(b.Channel).RotateKeyAsync(new() { Use = "sealing" }, b.Call);
        await a.DeclareAsync(made, "4");

        await b.WaitForTotalAsync(bought, "4", federation.Deadline);
        Assert.NotEqual(before.KeyId, rotated.KeyId);
        Assert.Equal(rotated.KeyId, (await CurrentAsync(keys, a, "signing")).KeyId);
        var published = await PublishedAsync(Story.A);
        Assert.NotNull(published.Single(key => key.KeyId == before.KeyId).ValidUntilTime);
        Assert.Null(published.Single(key => key.KeyId == rotated.KeyId).ValidUntilTime);

        // After a restart the node goes on with the new key.
        await federation.Processes.StopAsync("node-A");
        await federation.Processes.StartNodeAsync(Story.A, federation.Deadline);
        using var again = await federation.AtWorkAsync(Story.A);
        await again.DeclareAsync(made, "5");
        await b.WaitForTotalAsync(bought, "5", federation.Deadline);
    }

    [Fact]
    public async Task A_revoked_key_is_replaced_and_marked_with_the_time_from_which_it_is_not_believed()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var keys = new KeyService.KeyServiceClient(c.Channel);
        var lost = await CurrentAsync(keys, c, "signing");
        var since = TimeProvider.System.GetUtcNow().AddMinutes(-5);

        var now = (await keys.RevokeKeyAsync(new() { KeyId = lost.KeyId, RevokeTime = since.ToTimestamp() }, c.Call)).Key;

        Assert.NotEqual(lost.KeyId, now.KeyId);
        var published = (await PublishedAsync(Story.C)).Single(key => key.KeyId == lost.KeyId);
        Assert.True(published.Revoked);
        Assert.Equal(since.ToTimestamp(), published.ValidUntilTime);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await keys.RevokeKeyAsync(new() { KeyId = "nobody's" }, c.Call));
        Assert.Equal("NOT_DISCLOSED", Refusals.Reason(refused));
    }

    [Fact]
    public async Task Where_no_more_keys_are_taken_a_lost_one_is_revoked_and_replaced_all_the_same()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var keys = new KeyService.KeyServiceClient(c.Channel);
        RpcException? refused = null;
        for (var count = 0; refused is null && count <= Traceability.Domain.Operators.Operator.MaxKeys; count++)
        {
            try
            {
                await keys.RotateKeyAsync(new() { Use = "signing" }, c.Call);
            }
            catch (RpcException exception)
            {
                refused = exception;
            }
        }

        Assert.Equal("LIMIT_EXCEEDED", Refusals.Reason(refused!));
        Assert.Contains("The next can be published after", refused!.Status.Detail, StringComparison.Ordinal);
        var lost = await CurrentAsync(keys, c, "signing");

        var now = (await keys.RevokeKeyAsync(new() { KeyId = lost.KeyId }, c.Call)).Key;

        Assert.NotEqual(lost.KeyId, now.KeyId);
        var published = await PublishedAsync(Story.C);
        Assert.True(published.Single(key => key.KeyId == lost.KeyId).Revoked);
        Assert.Null(published.Single(key => key.KeyId == now.KeyId).ValidUntilTime);
    }

    [Fact]
    public async Task After_a_revocation_customers_get_a_new_statement_about_the_same_figure()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var keys = new KeyService.KeyServiceClient(a.Channel);
        var bought = (await a.DeliverAsync(b, "3", federation.Deadline)).Bought;
        var lost = await CurrentAsync(keys, a, "signing");

        var now = (await keys.RevokeKeyAsync(new() { KeyId = lost.KeyId }, a.Call)).Key;

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!(await KeysOfEvidenceAsync(b, bought)).SequenceEqual([lost.KeyId, now.KeyId]))
        {
            await timer.WaitForNextTickAsync(federation.Deadline);
        }

        Assert.Equal("3", (await b.FootprintAsync(bought)).Figures.Total);
    }

    [Fact]
    public async Task A_certificate_outlives_the_key_under_which_it_went_out_but_not_the_figure()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var keys = new KeyService.KeyServiceClient(a.Channel);
        var (made, bought, trade) = await a.DeliverAsync(b, "3", federation.Deadline);
        await a.CertifyAsync(made, "3");
        await a.ReleaseAsync(trade, FootprintField.Total, FootprintField.Certificate);
        await b.WaitForAsync(bought, Standing(CertificateStanding.InForce), federation.Deadline);
        var lost = await CurrentAsync(keys, a, "signing");

        var now = (await keys.RevokeKeyAsync(
            new() { KeyId = lost.KeyId, RevokeTime = TimeProvider.System.GetUtcNow().AddHours(-1).ToTimestamp() },
            a.Call)).Key;

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!(await KeysOfCertificatesAsync(b, bought)).SequenceEqual([lost.KeyId, now.KeyId]))
        {
            await timer.WaitForNextTickAsync(federation.Deadline);
        }

        await a.DeclareAsync(made, "4");
        await b.WaitForAsync(bought, Standing(CertificateStanding.NoLongerMatching), federation.Deadline);
        await a.DeclareAsync(made, "3");
        await b.WaitForAsync(bought, Standing(CertificateStanding.InForce), federation.Deadline);

        static Func<Footprint, bool> Standing(CertificateStanding standing) => footprint =>
            footprint.Certificates is [var only] && only.Standing == standing;
    }

    [Fact]
    public void Keys_lie_encrypted_in_files_that_only_the_node_can_read()
    {
        var files = Directory.EnumerateFiles(federation.Processes.KeyFolder(Story.B)).ToArray();

        Assert.True(files.Length >= 3);
        Assert.All(files, file =>
        {
            Assert.DoesNotContain("BEGIN PRIVATE KEY", File.ReadAllText(file), StringComparison.Ordinal);
            Assert.True(OperatingSystem.IsWindows()
                || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        });
    }

    /// <summary>Under which keys the totals of a part were received.</summary>
    private Task<IReadOnlyList<string>> KeysOfEvidenceAsync(CompanyAtWork company, string bought) =>
        federation.RowsAsync(
            Databases.Of(company),
            "select data ->> 'keyId' from traceability.mt_events "
            + $"where type = 'upstream_total_received' and data ->> 'traceId' = '{bought}' order by seq_id");

    /// <summary>Under which keys the certificates about a part came, each once.</summary>
    private async Task<IReadOnlyList<string>> KeysOfCertificatesAsync(CompanyAtWork company, string bought) =>
    [
        .. (await federation.RowsAsync(
            Databases.Of(company),
            "select data -> 'certificates' -> 0 ->> 'document' from traceability.mt_events "
            + $"where type = 'upstream_total_received' and data ->> 'traceId' = '{bought}' "
            + "and data -> 'certificates' is not null and data -> 'certificates' <> 'null' order by seq_id"))
            .Select(JsonWebSignature.KeyId).Distinct(),
    ];

    private static async Task<Key> CurrentAsync(KeyService.KeyServiceClient keys, CompanyAtWork company, string use) =>
        (await keys.ListKeysAsync(new() { PageSize = 1000 }, company.Call)).Keys.Single(key => key.Use == use && key.Current);

    private async Task<IReadOnlyList<OperatorKey>> PublishedAsync(string company)
    {
        using var client = await FederationClient.ForNodeAsync(federation.Processes, company, federation.Deadline);
        var request = new GetOperatorRequest { OperatorId = $"{federation.Processes.Company(company).OperatorId}" };
        return (await new DirectoryService.DirectoryServiceClient(client.Channel).GetOperatorAsync(request, client.Call))
            .Operator.Keys;
    }
}
