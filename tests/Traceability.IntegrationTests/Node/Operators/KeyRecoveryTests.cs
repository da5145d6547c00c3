using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Node.Operators;

public sealed class KeyRecoveryTests(FederationInTime federation) : IClassFixture<FederationInTime>
{
    [Fact]
    public async Task A_lost_signing_key_is_followed_by_another_after_a_week_and_every_partner_is_told_at_once()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        string made, bought;
        using (var a = await federation.AtWorkAsync(Story.A))
        {
            (made, bought, _) = await a.DeliverAsync(b, "3", federation.Deadline);
            await federation.Processes.StopAsync("node-A");
            File.Delete(Path.Combine(federation.Processes.KeyFolder(Story.A), "signing-0001.pem"));
            await federation.Processes.StartNodeAsync(Story.A, federation.Deadline);
        }

        using var again = await federation.AtWorkAsync(Story.A);
        var keys = new KeyService.KeyServiceClient(again.Channel);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await keys.RecoverKeyAsync(new(), again.Call));
        Assert.Equal("KEY_NOT_PROVEN", Refusals.Reason(refused));
        using (var administrator = await FederationClient.ForAdministratorAsync(federation.Processes, federation.Deadline))
        {
            await new DirectoryService.DirectoryServiceClient(administrator.Channel).AllowKeyRecoveryAsync(
                new()
                {
                    OperatorId = $"{again.Company.OperatorId}",
                    Fingerprint = federation.Processes.FingerprintOf(Story.A),
                },
                administrator.Call);
        }

        var announced = await keys.RecoverKeyAsync(new(), again.Call);

        Assert.True(announced.CountTime.ToDateTimeOffset() > federation.Clock.GetUtcNow().AddDays(6.9));
        var problems = new ProblemService.ProblemServiceClient(b.Channel);
        await Wait.UntilAsync(
            async () => (await problems.ListProblemsAsync(new(), b.Call)).Problems.Any(
                one => one.Kind == ProblemKind.Key && one.Reason == "RECOVERY"),
            federation.Deadline);
        await again.DeclareAsync(made, "4");
        await Wait.UntilAsync(
            async () => (await federation.RowsAsync(
                Databases.Of(b),
                "select data ->> 'reason' from traceability.mt_events where type = 'disclosure_refused'")).Contains("UnknownKey"),
            federation.Deadline);
        Assert.Equal("3", (await b.FootprintAsync(bought)).Figures.Total);

        federation.Clock.MoveTo(announced.CountTime.ToDateTimeOffset().AddMinutes(2));
        using var later = await federation.AtWorkAsync(Story.A);
        using var laterB = await federation.AtWorkAsync(Story.B);
        await later.DeclareAsync(made, "5");
        await laterB.WaitForTotalAsync(bought, "5", federation.Deadline);
    }
}
