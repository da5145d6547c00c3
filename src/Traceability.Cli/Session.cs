using System.Collections;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Domain.Companies;
using ReleaseService = Traceability.Contracts.Node.V1.ReleaseService;
using TradeService = Traceability.Contracts.Node.V1.TradeService;

namespace Traceability.Cli;

/// <summary>One person's connection to one server: a node, or the broker for who runs the federation.</summary>
internal sealed class Session : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Seconds for which one call waits; within the deadline of a call.</summary>
    private const int LongestWait = 20;

    /// <summary>How many parts are found at once.</summary>
    private const int MaxIds = 1000;

    private readonly GrpcChannel _channel;
    private readonly TokenCache _tokens;
    private readonly Profiles _profiles;
    private TimeZoneInfo? _zone;

    private Session(Profiles profiles, GrpcChannel channel, TokenCache tokens, CancellationToken cancellationToken)
    {
        (_profiles, _channel, _tokens, Cancelled) = (profiles, channel, tokens, cancellationToken);
        Parts = new(channel);
        Trades = new(channel);
        Releases = new(channel);
        Footprints = new(channel);
        Imports = new(channel);
        Keys = new(channel);
        Audit = new(channel);
        Exports = new(channel);
        Problems = new(channel);
        Identity = new(channel);
        Directory = new(channel);
        Company = new(channel);
        Partners = new(channel);
    }

    public PartService.PartServiceClient Parts { get; }

    public TradeService.TradeServiceClient Trades { get; }

    public ReleaseService.ReleaseServiceClient Releases { get; }

    public FootprintService.FootprintServiceClient Footprints { get; }

    public ImportService.ImportServiceClient Imports { get; }

    public KeyService.KeyServiceClient Keys { get; }

    public AuditService.AuditServiceClient Audit { get; }

    public ExportService.ExportServiceClient Exports { get; }

    public ProblemService.ProblemServiceClient Problems { get; }

    public CompanyService.CompanyServiceClient Company { get; }

    public PartnerService.PartnerServiceClient Partners { get; }

    /// <summary>The broker's, as is the directory; all others are the node's.</summary>
    public IdentityService.IdentityServiceClient Identity { get; }

    public DirectoryService.DirectoryServiceClient Directory { get; }

    public CancellationToken Cancelled { get; }

    /// <summary>Deadline of a call; the token comes with the channel.</summary>
    public CallOptions Call => new(
        deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Deadline, cancellationToken: Cancelled);

    /// <summary>For a call that lasts until the person ends it.</summary>
    public CallOptions Watch => new(cancellationToken: Cancelled);

    /// <param name="profiles">All of the person's profiles.</param>
    /// <param name="profile">The one to use.</param>
    /// <param name="server">Address of the server, which is also what the token is for.</param>
    /// <param name="cancellationToken">Ends everything.</param>
    public static async Task<Session> OpenAsync(
        Profiles profiles, Profile profile, string server, CancellationToken cancellationToken)
    {
        MustNameItsCompany(profile);
        var tokens = new TokenCache(profile.Trust, TimeProvider.System);
        var client = profile.For(server);
        try
        {
            // Asked for now, so that what keeps the person out is said before anything is done.
            await tokens.GetAsync(client, cancellationToken);
        }
        catch (TokenException exception)
        {
            tokens.Dispose();
            throw new ProblemException(exception.Message);
        }

        var channel = GrpcChannel.ForAddress(server, new GrpcChannelOptions
        {
            HttpHandler = profile.Trust.CreateHandler(),
            DisposeHttpClient = true,
            Credentials = ChannelCredentials.Create(ChannelCredentials.SecureSsl, tokens.CredentialsOf(client)),
        });
        return new(profiles, channel, tokens, cancellationToken);
    }

    /// <summary>The issuer says no more to a wrong certificate than to a wrong secret.</summary>
    private static void MustNameItsCompany(Profile profile)
    {
        if (Guid.TryParse(profile.OperatorId, out var id)
            && profile.Trust.Shown() is { } shown
            && !shown.SpeaksFor(id))
        {
            throw new ProblemException(
                $"The certificate {profile.Certificate} does not name the company {id}, so it gets no token: its "
                    + $"alternative names must have {ShownCertificate.NameOf(id)}.");
        }
    }

    public string OperatorId(string nameOrId) => _profiles.OperatorId(nameOrId);

    /// <summary>A part by its trace id, its number or, where only one is called so, by its name.</summary>
    public async Task<string> PartAsync(string nameOrId)
    {
        if (Guid.TryParse(nameOrId, out _))
        {
            return nameOrId;
        }

        if (nameOrId.Length == 0)
        {
            throw new ProblemException("Name the part: its trace id, its number or its name.");
        }

        var answer = await Parts.FindPartsAsync(new() { NameOrNumber = nameOrId }, Call);
        // A number is one part's own; a name may be that of several.
        if (answer.Parts.FirstOrDefault(part => part.PartNumber == nameOrId) is { } numbered)
        {
            return numbered.TraceId;
        }

        return answer.Parts.Select(part => part.TraceId).ToArray() switch
        {
            [var one] => one,
            [] => throw new ProblemException($"No part is called \"{nameOrId}\". `trace part list` shows all."),
            var several => throw new ProblemException(
                $"Several parts are called \"{nameOrId}\": {string.Join(", ", several)}."),
        };
    }

    /// <summary>The zone of the company's days.</summary>
    public async Task<TimeZoneInfo> ZoneAsync() => _zone ??= await AskZoneAsync();

    private async Task<TimeZoneInfo> AskZoneAsync()
    {
        try
        {
            var name = (await Company.GetCompanyAsync(new(), Call)).Settings.TimeZone;
            return Calendar.Find(name) ?? throw new ProblemException(
                $"This machine does not know the company's time zone {name}: install the package tzdata, or write "
                    + "times with their offset, such as 2026-11-24T12:00:00Z.");
        }
        catch (RpcException refused) when (
            refused.StatusCode is StatusCode.PermissionDenied or StatusCode.Unimplemented)
        {
            throw new ProblemException(
                "Which company's days are meant cannot be told here; write the time with its offset, such as "
                    + "2026-11-24T12:00:00Z.");
        }
    }

    /// <summary>All pages of a list, as one answer.</summary>
    /// <param name="page">Asks for the page behind a token.</param>
    public static async Task<T> AllAsync<T>(Func<string, Task<T>> page)
        where T : IMessage<T>
    {
        var all = await page("");
        var fields = all.Descriptor.Fields.InDeclarationOrder();
        var next = fields.Single(field => field.Name == "next_page_token").Accessor;
        while (next.GetValue(all) is string { Length: > 0 } token)
        {
            var more = await page(token);
            foreach (var list in fields.Where(field => field.IsRepeated).Select(field => field.Accessor))
            {
                var items = (IList)list.GetValue(all);
                foreach (var item in (IList)list.GetValue(more))
                {
                    items.Add(item);
                }
            }

            next.SetValue(all, next.GetValue(more));
        }

        return all;
    }

    /// <summary>What the company calls some of its parts, with its number; a person reads no ids.</summary>
    public async Task<Func<string, string>> NamesAsync(IEnumerable<string> traceIds)
    {
        Dictionary<string, string> names = [];
        foreach (var ids in traceIds.Where(id => id.Length > 0).Distinct().Chunk(MaxIds))
        {
            var answer = await AllAsync(async token => await Parts.FindPartsAsync(
                new() { TraceIds = { ids }, PageSize = MaxIds, PageToken = token }, Call));
            foreach (var part in answer.Parts)
            {
                names[part.TraceId] = Name(part);
            }
        }

        return id => names.GetValueOrDefault(id, id);
    }

    /// <summary>
    /// As a person knows it: by its name, and its number where it has one; one that is retired is called so everywhere.
    /// </summary>
    public static string Name(Part part)
    {
        var name = part.PartNumber.Length == 0 || part.PartNumber == part.Name
            ? part.Name
            : $"{part.Name} ({part.PartNumber})";
        return part.Retired ? $"{name} [retired]" : name;
    }

    public async Task<IReadOnlyList<Part>> AllPartsAsync()
    {
        var all = await AllAsync(async token => await Parts.ListPartsAsync(
            new() { PageSize = MaxIds, PageToken = token }, Call));
        return all.Parts;
    }

    /// <summary>Waits until all that was done has settled in the company itself.</summary>
    /// <exception cref="ProblemException">It has not in time; it was done nevertheless.</exception>
    public async Task<GetSettlementResponse> SettleAsync(int seconds)
    {
        var until = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(seconds);
        while (true)
        {
            var left = until - TimeProvider.System.GetUtcNow();
            var answer = await Footprints.GetSettlementAsync(
                new() { WaitSeconds = Math.Clamp((int)Math.Ceiling(left.TotalSeconds), 0, LongestWait) }, Call);
            if (answer.Settled)
            {
                return answer;
            }

            if (left <= TimeSpan.Zero || answer is { WaitingNotices: 0, DueRollUps: 0 })
            {
                throw new ProblemException($"It is done, but has not settled: {Left(answer)}.");
            }
        }
    }

    /// <summary>What has not settled, and who can help.</summary>
    public static string Left(GetSettlementResponse answer) => string.Join(
        "; ",
        new[]
        {
            (answer.WaitingNotices, "to be given to the broker"),
            (answer.DueRollUps, "to be rolled up"),
            (answer.Problems, "put aside (trace operator problems list)"),
            (answer.WaitingApprovals, "waiting for approval (trace footprint approve PART)"),
        }.Where(one => one.Item1 > 0).Select(one => $"{one.Item1} {one.Item2}"));

    public void Dispose()
    {
        _channel.Dispose();
        _tokens.Dispose();
    }
}
