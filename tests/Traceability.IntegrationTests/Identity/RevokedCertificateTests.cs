using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Grpc.Core;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>A client certificate that was lost is worth nothing, not even with a token that is bound to it.</summary>
public sealed class RevokedCertificateTests(QuickRevocations federation) : IClassFixture<QuickRevocations>
{
    private readonly LiveFederation _live = federation.Live;

    private LocalFederation Processes => _live.Processes;

    [Fact]
    public async Task Token_and_certificate_together_are_worth_nothing_after_the_revocation_and_others_go_on()
    {
        using var neighbour = await _live.AtWorkAsync("neighbour");
        using var clerk = await _live.NewCompanyAsync("one");
        var company = clerk.Company;
        using var node = await FederationClient.ForNodeAsync(Processes, company.Name, _live.Deadline);
        var directory = new DirectoryService.DirectoryServiceClient(node.Channel);
        await directory.ListOperatorsAsync(new(), node.Call);
        using var administrator = await FederationClient.ForAdministratorAsync(Processes, _live.Deadline);
        var lost = Processes.CertificateOf(company.OperatorId);

        var request = new RevokeClientCertificateRequest
        {
            OperatorId = $"{company.OperatorId}",
            Fingerprint = new FederationTrust("", lost.Certificate).Shown()!.Fingerprint,
        };
        var members = new DirectoryService.DirectoryServiceClient(administrator.Channel);
        var answer = await members.RevokeClientCertificateAsync(request, administrator.Call);

        // At the broker at once, over the connections that were open before; at the node soon.
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => directory.ListOperatorsAsync(new(), node.Call).ResponseAsync);
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        using var provider = await Provider.FindAsync(Processes.Broker, Processes, _live.Deadline);
        Assert.NotEqual(HttpStatusCode.OK, await StatusAsync(lost));
        await Wait.UntilAsync(
            async () => await AnswerAsync(clerk) == StatusCode.Unauthenticated, _live.Deadline);

        // Another of the operator's is good, and nobody else is concerned; again changes nothing.
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Processes.NewCertificate(company.OperatorId)));
        Assert.Equal(StatusCode.OK, await AnswerAsync(neighbour));
        Assert.Equal(answer, await members.RevokeClientCertificateAsync(request, administrator.Call));
        var list = await members.ListRevokedClientCertificatesAsync(new(), administrator.Call);
        Assert.Single(list.Fingerprints, request.Fingerprint);

        async Task<HttpStatusCode> StatusAsync((string, string) certificate) =>
            (await provider.ClientCredentialsAsync(company, certificate, Processes.Node(company.Name))).Status;
    }

    [Fact]
    public async Task Certificates_are_renewed_while_servers_run()
    {
        using var neighbour = await _live.AtWorkAsync("neighbour");
        using var clerk = await _live.NewCompanyAsync("one");
        var company = clerk.Company.OperatorId;
        var before = new FederationTrust("", Processes.CertificateOf(company).Certificate).Shown()!.Fingerprint;
        var server = await ShownByServerAsync();

        Processes.RenewCertificate(company);
        Processes.RenewCertificate("node-one");

        Assert.NotEqual(server, await ShownByServerAsync());
        using var administrator = await FederationClient.ForAdministratorAsync(Processes, _live.Deadline);
        await new DirectoryService.DirectoryServiceClient(administrator.Channel).RevokeClientCertificateAsync(
            new() { OperatorId = $"{company}", Fingerprint = before }, administrator.Call);

        // What comes is acknowledged, by a call with the new certificate: nothing waits in the mailbox.
        var part = await neighbour.RegisterAsync("cell", PartKind.Bought);
        await neighbour.Trades.RequestTradeAsync(
            new() { TradeId = $"{Guid.CreateVersion7()}", DownstreamTraceId = part, SupplierOperatorId = $"{company}" },
            neighbour.Call);
        await Wait.UntilAsync(
            async () => await Processes.RowsAsync(
                Processes.BrokerDatabase,
                $"select (message is null)::text from traceability.mailbox where recipient_id = '{company}'",
                _live.Deadline) is ["true"],
            _live.Deadline);
    }

    [Fact]
    public async Task What_is_no_fingerprint_is_refused_and_an_unknown_operator_is_not_disclosed()
    {
        using var administrator = await FederationClient.ForAdministratorAsync(Processes, _live.Deadline);
        var members = new DirectoryService.DirectoryServiceClient(administrator.Channel);
        var unknown = new RevokeClientCertificateRequest
        {
            OperatorId = $"{Guid.CreateVersion7()}",
            Fingerprint = new string('a', 43),
        };

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => members.RevokeClientCertificateAsync(unknown, administrator.Call).ResponseAsync);
        Assert.Equal("NOT_DISCLOSED", Refusals.Reason(refused));

        unknown.Fingerprint += "=";
        refused = await Assert.ThrowsAsync<RpcException>(
            () => members.RevokeClientCertificateAsync(unknown, administrator.Call).ResponseAsync);
        Assert.Equal("fingerprint", Assert.Single(Refusals.Violations(refused)).Field);
    }

    /// <summary>The certificate that a new connection is shown.</summary>
    private async Task<string> ShownByServerAsync()
    {
        var node = new Uri(Processes.Node("neighbour"));
        using var connection = new TcpClient();
        await connection.ConnectAsync(node.Host, node.Port, _live.Deadline);
        await using var tls = new SslStream(connection.GetStream());
        using var handler = new FederationTrust(Processes.Authority).CreateHandler();
        handler.SslOptions.TargetHost = node.Host;
        await tls.AuthenticateAsClientAsync(handler.SslOptions, _live.Deadline);
        return tls.RemoteCertificate!.GetCertHashString();
    }

    private static async Task<StatusCode> AnswerAsync(CompanyAtWork company)
    {
        try
        {
            await company.Parts.ListPartsAsync(new(), company.Call);
            return StatusCode.OK;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }
}

/// <summary>A node that hears of revocations soon.</summary>
public sealed class QuickRevocations() : ClassFederation(
    [new("neighbour", "one")], new FederationSettings(RevocationSeconds: 0.5));
