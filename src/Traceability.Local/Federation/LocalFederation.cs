using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Local.PostgreSql;

namespace Traceability.Local.Federation;

/// <summary>A company of the federation: its id, and the client of its clerk.</summary>
public sealed record Company(string Name, Guid OperatorId, string ClientId, string ClientSecret);

/// <summary>Which node a company lives on.</summary>
/// <param name="Company">Its name.</param>
/// <param name="Node">The name of the node.</param>
/// <param name="Later">Whether it comes only when it is told to.</param>
public sealed record Place(string Company, string Node, bool Later = false)
{
    /// <summary>A node of its own for each.</summary>
    public static IReadOnlyList<Place> Apart(IEnumerable<string> companies) =>
        [.. companies.Select(company => new Place(company, company))];
}

/// <summary>What may be different from the defaults.</summary>
/// <param name="CallsPerSecond">Calls that one operator may make of a server.</param>
/// <param name="StreamsPerOperator">Streams that one operator may have open at a server.</param>
/// <param name="AnonymousCallsPerSecond">Calls without a token; on one machine all come from one address.</param>
/// <param name="ConnectionsPerSecond">New connections, from that address, too.</param>
/// <param name="Reflection">Whether servers tell anybody their rpcs.</param>
/// <param name="Inference">What nodes do when a customer could work out more than a figure: Warn, Consent,
/// Block.</param>
/// <param name="RevocationSeconds">How soon servers learn of certificates that were revoked elsewhere.</param>
/// <param name="NodesBroker">What nodes take for the broker; null: the broker.</param>
/// <param name="KeyRecoveryDelay">How long a recovered key must have been announced; null: as everywhere.</param>
/// <param name="Identity">What is different at the identity provider: settings by name, such as KeyLifetime.</param>
public sealed record FederationSettings(
    int CallsPerSecond = 2000, int StreamsPerOperator = 100, int AnonymousCallsPerSecond = 1000,
    int ConnectionsPerSecond = 1000, bool Reflection = true, string Inference = "Warn",
    double RevocationSeconds = 10, string? NodesBroker = null, TimeSpan? KeyRecoveryDelay = null,
    IReadOnlyDictionary<string, string>? Identity = null);

/// <summary>
/// PostgreSQL, a broker and a node per company, each a process of its own unless its ground says otherwise, over TLS
/// and with real tokens.
/// </summary>
public sealed class LocalFederation : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>More would wait for each other in the broker's database.</summary>
    private const int ClientsAtOnce = 8;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string _folder;
    private readonly Ground _ground;
    private readonly bool _durable;
    private readonly Certificates _certificates;
    private readonly Dictionary<string, IStartedServer> _servers = [];
    private readonly Dictionary<string, string> _nodes = [];
    private readonly ConcurrentDictionary<string, string> _clientSecrets = [];
    private readonly ConcurrentDictionary<string, string> _places = [];
    private readonly ConcurrentDictionary<Guid, Lazy<Shown>> _shown = [];
    private PrivatePostgres _postgres;

    private LocalFederation(
        string folder, Ground ground, PrivatePostgres postgres, bool durable, Certificates certificates)
    {
        (_folder, _ground, _postgres, _durable) = (folder, ground, postgres, durable);
        _certificates = certificates;
    }

    public string Broker { get; private set; } = "";

    /// <summary>Where servers that are started from now on send telemetry (OTLP over HTTP). Null: nowhere.</summary>
    public string? Collector { get; set; }

    private FederationSettings Settings { get; init; } = new();

    public string Authority => _certificates.Authority;

    /// <summary>Runs the federation itself; belongs to no company. The broker has made it at its first start.</summary>
    public Company Administrator => NoCompany("administrator");

    /// <summary>Reads the broker's decisions; belongs to no company.</summary>
    public Company Auditor => NoCompany("federation-auditor");

    public IReadOnlyList<Company> Companies { get; private set; } = [];

    /// <summary>Certificate with which the administrator talks to the broker.</summary>
    public (string Certificate, string Key) AdministratorCertificate => CertificateOf(Guid.Empty);

    /// <summary>The file with which `trace --as` reaches each company's node.</summary>
    public string Profiles => Path.Combine(_folder, "profiles.json");

    /// <summary>File of the secret with which the identity provider's keys are encrypted.</summary>
    public string IdentitySecretFile => Path.Combine(_folder, "broker.identity-secret");

    /// <summary>File into which the broker writes its first administrator's secret.</summary>
    public string AdministratorFile => Path.Combine(_folder, "administrator.json");

    /// <summary>File of the secret with which the broker signs its logs.</summary>
    public string BrokerLogSecret => Path.Combine(_folder, "broker.log-secret");

    /// <summary>Its name on the server.</summary>
    public string BrokerDatabase => _ground.BrokerDatabase;

    /// <param name="database">Which one.</param>
    /// <param name="server">
    /// The server with whose role, such as "broker" or "node-A". Null: the role that owns all databases.
    /// </param>
    public string ConnectionString(string database, string? server = null) =>
        _postgres.ConnectionString(database, server);

    /// <param name="folder">Takes data, logs, keys and settings. A new one starts an empty federation.</param>
    /// <param name="places">The companies, and the nodes they live on: one each, or hosted together.</param>
    /// <param name="durable">Whether a crash of the machine may lose nothing.</param>
    /// <param name="progress">Told what is being started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="settings">Of all servers.</param>
    /// <param name="ground">What it stands on.</param>
    public static async Task<LocalFederation> StartAsync(
        string folder, IReadOnlyList<Place> places, bool durable, Action<string> progress,
        CancellationToken cancellationToken, FederationSettings? settings = null, Ground? ground = null)
    {
        ground ??= new();
        Directory.CreateDirectory(folder);
        LetOthersPass(folder);
        progress("PostgreSQL");
        var postgres = ground.Postgres
            ?? await PrivatePostgres.StartAsync(PostgresFolder(folder), durable, cancellationToken);
        var certificates = new Certificates(Path.Combine(folder, "certificates"), TimeProvider.System);
        var federation = new LocalFederation(folder, ground, postgres, durable, certificates)
        {
            Settings = settings ?? new(),
        };
        try
        {
            federation.Companies = [.. places.Select(place => NewCompany(place.Company, Guid.CreateVersion7()))];
            places.ToList().ForEach(place => federation._places[place.Company] = place.Node);
            federation.WriteBroker();
            string[] nodes = [.. places.Select(place => place.Node).Distinct()];
            nodes.ToList().ForEach(federation.WriteNode);

            progress("the broker");
            await ground.PrepareAsync(ground.BrokerDatabase, cancellationToken);
            await federation.StartBrokerAsync(cancellationToken);
            await federation.RegisterClientsAsync(cancellationToken);
            foreach (var place in places.Where(place => !place.Later))
            {
                await federation.HostAsync(place.Company, cancellationToken);
            }

            progress(Describe(places, nodes));
            await Task.WhenAll(nodes.Select(name => federation.StartNodeAsync(name, cancellationToken)));
            federation.WriteProfiles(federation.Profiles);
            return federation;
        }
        catch
        {
            await federation.DisposeAsync();
            throw;
        }
    }

    /// <summary>Address of a company's node.</summary>
    public string Node(string company) => _nodes[_places[company]];

    public Company Company(string name) => Companies.Single(company => company.Name == name);

    /// <summary>The client with which a company's node gets tokens for the broker.</summary>
    public Company NodeClient(string name) => WithClient(Company(name), $"node-{name}");

    /// <summary>The client of a company's people who audit others.</summary>
    public Company AuditClient(string name) => WithClient(Company(name), $"audit-{name}");

    /// <summary>What the programs of an operator show, its node among them; Guid.Empty: of those of none.</summary>
    public (string Certificate, string Key) CertificateOf(Guid operatorId) => ShownOf(operatorId).Certificate;

    /// <summary>Another one in the same operator's name.</summary>
    public (string Certificate, string Key) NewCertificate(Guid operatorId) =>
        Issue($"{Guid.CreateVersion7()}", operatorId);

    /// <summary>Replaces the files of the one that its programs show; those that run are to notice.</summary>
    public void RenewCertificate(Guid operatorId) => Issue($"operator-{operatorId:n}", operatorId);

    /// <summary>Replaces the files of a server's, such as "node-A".</summary>
    public void RenewCertificate(string server) => _certificates.Issue(server);

    /// <summary>Where everything in this process gets the tokens that are bound to an operator's certificate.</summary>
    public TokenCache TokensOf(Guid operatorId) => ShownOf(operatorId).Tokens;

    /// <summary>Lets a client have tokens for these servers, and no others.</summary>
    public async Task AllowAsync(Company client, IEnumerable<string> resources, CancellationToken cancellationToken)
    {
        using var administrator = await FederationClient.ForAdministratorAsync(this, cancellationToken);
        await new IdentityService.IdentityServiceClient(administrator.Channel).ChangeClientResourcesAsync(
            new() { ClientId = client.ClientId, Resources = { resources } }, administrator.Call);
    }

    public async Task StartBrokerAsync(CancellationToken cancellationToken) =>
        Broker = await StartAsync("broker", "Traceability.Broker", cancellationToken);

    /// <summary>A further company on a node that runs: with its clients, and not yet a member.</summary>
    public async Task AddAsync(string name, string node, CancellationToken cancellationToken)
    {
        _places[name] = node;
        var company = NewCompany(name, Guid.CreateVersion7());
        using var administrator = await FederationClient.ForAdministratorAsync(this, cancellationToken);
        await RegisterAsync(Clients(company), administrator, cancellationToken);
        lock (_places)
        {
            Companies = [.. Companies, WithClient(company, company.ClientId)];
        }

        await HostAsync(name, cancellationToken);
    }

    /// <summary>Lets a company live on its node; a running node takes it up without a restart.</summary>
    public async Task HostAsync(string name, CancellationToken cancellationToken)
    {
        var (company, folder) = (Company(name), OperatorFolder(_places[name]));
        await _ground.PrepareAsync(DatabaseOf(company), cancellationToken);
        Directory.CreateDirectory(folder);
        var settings = new
        {
            company.OperatorId,
            NodeClient(name).ClientId,
            NodeClient(name).ClientSecret,
            Keys = KeyFolder(company.Name),
            CertificateOf(company.OperatorId).Certificate,
            CertificateKey = CertificateOf(company.OperatorId).Key,
        };
        // Whole or not at all: the node may be looking.
        var file = Path.Combine(folder, $"{name}.json");
        SecretFile.Write($"{file}.new", JsonSerializer.Serialize(settings, Indented));
        File.Move($"{file}.new", file);
    }

    public async Task StartNodeAsync(string name, CancellationToken cancellationToken)
    {
        var address = await StartAsync($"node-{name}", "Traceability.Node", cancellationToken);
        lock (_nodes)
        {
            _nodes[name] = address;
        }
    }

    /// <summary>Writes how `trace --as` reaches each company's node, and the broker as administrator.</summary>
    public void WriteProfiles(string file)
    {
        var profiles = Companies.ToDictionary(company => company.Name, object (company) => new
        {
            Node = Node(company.Name),
            Issuer = Broker,
            Authority,
            company.OperatorId,
            CertificateOf(company.OperatorId).Certificate,
            CertificateKey = CertificateOf(company.OperatorId).Key,
            company.ClientId,
            company.ClientSecret,
        });
        profiles[Administrator.Name] = new
        {
            Broker,
            Issuer = Broker,
            Authority,
            AdministratorCertificate.Certificate,
            CertificateKey = AdministratorCertificate.Key,
            Administrator.ClientId,
            Administrator.ClientSecret,
        };
        SecretFile.Write(file, JsonSerializer.Serialize(profiles, Indented));
    }

    /// <summary>Ends "broker" or "node-A" as a crash would.</summary>
    public async Task KillAsync(string server)
    {
        await _servers[server].KillAsync();
        await StopAsync(server);
    }

    /// <summary>Asks "broker" or "node-A" to end, and waits until it has.</summary>
    public async Task StopAsync(string server)
    {
        await _servers[server].DisposeAsync();
        _servers.Remove(server);
    }

    /// <summary>Ends PostgreSQL as a crash would; it must be the federation's own.</summary>
    public Task KillPostgresAsync() => _ground.Postgres is null
        ? _postgres.KillAsync()
        : throw new InvalidOperationException("Others use this PostgreSQL, too.");

    /// <summary>Starts it again where it was.</summary>
    public async Task StartPostgresAsync(CancellationToken cancellationToken) =>
        _postgres = await PrivatePostgres.StartAsync(PostgresFolder(_folder), _durable, cancellationToken);

    /// <summary>Everything that a server has written to its log.</summary>
    public string Log(string server) => File.ReadAllText(LogFile(server));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_servers.Values.Select(server => server.DisposeAsync().AsTask()));
        if (_ground.Postgres is null)
        {
            await _postgres.DisposeAsync();
        }

        foreach (var shown in _shown.Values)
        {
            shown.Value.Tokens.Dispose();
        }
    }

    private (string Certificate, string Key) Issue(string name, Guid operatorId) => operatorId == Guid.Empty
        ? _certificates.Issue(name)
        : _certificates.Issue(name, operatorId);

    private Shown ShownOf(Guid operatorId) => _shown.GetOrAdd(operatorId, id => new(() =>
    {
        var certificate = Issue(id == Guid.Empty ? "administrator" : $"operator-{id:n}", id);
        return new(
            certificate, new(new(Authority, certificate.Certificate, certificate.Key), TimeProvider.System));
    })).Value;

    /// <summary>
    /// As root the server runs as another user, who must get to its data; every secret has a closed file.
    /// </summary>
    private static void LetOthersPass(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(
                folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                    | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }
    }

    private static Company NewCompany(string name, Guid operatorId) => new(name, operatorId, $"{name}-clerk", "");

    private Company NoCompany(string client) => new(client, Guid.Empty, client, _clientSecrets[client]);

    private Company WithClient(Company company, string client) =>
        company with { ClientId = client, ClientSecret = _clientSecrets[client] };

    private async Task<string> StartAsync(string name, string project, CancellationToken cancellationToken)
    {
        var addressFile = Path.Combine(_folder, $"{name}.address");
        File.Delete(addressFile);
        var server = await _ground.StartAsync(
            new(name, project, _folder, SettingsFile(name), LogFile(name), Collector), cancellationToken);
        lock (_servers)
        {
            _servers[name] = server;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartDeadline);
        using var timer = new PeriodicTimer(PollInterval);
        while (!File.Exists(addressFile))
        {
            if (server.HasExited)
            {
                var last = string.Join('\n', File.ReadLines(LogFile(name)).TakeLast(5));
                throw new InvalidOperationException($"{name} did not start; see {LogFile(name)}, which ends:\n{last}");
            }

            await timer.WaitForNextTickAsync(deadline.Token);
        }

        return await File.ReadAllTextAsync(addressFile, cancellationToken);
    }

    private void WriteBroker()
    {
        SecretFile.Write(BrokerLogSecret, NewSecret());
        SecretFile.Write(IdentitySecretFile, NewSecret());
        Broker = $"https://127.0.0.1:{FreePort()}";
        WriteBroker("broker", Broker);
    }

    /// <summary>Another broker on the same database.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="identity">What is different at its identity provider.</param>
    public async Task<string> StartReplicaAsync(
        CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? identity = null)
    {
        WriteBroker("broker-replica", $"https://127.0.0.1:{FreePort()}", identity);
        return await StartAsync("broker-replica", "Traceability.Broker", cancellationToken);
    }

    private void WriteBroker(string name, string listen, IReadOnlyDictionary<string, string>? identity = null) =>
        Write(name, new Dictionary<string, object>
        {
            ["Host"] = Host(name, listen, requireClientCertificate: true),
            ["ConnectionStrings"] = Databases("broker"),
            ["Broker"] = new
            {
                LogSecretFile = BrokerLogSecret,
                Database = BrokerDatabase,
                Settings.KeyRecoveryDelay,
            },
            ["Identity"] = new Dictionary<string, string>
            {
                ["SecretFile"] = IdentitySecretFile,
                ["AdministratorFile"] = AdministratorFile,
            }.Concat(Settings.Identity ?? new Dictionary<string, string>())
                .Concat(identity ?? new Dictionary<string, string>())
                .GroupBy(setting => setting.Key).ToDictionary(setting => setting.Key, setting => setting.Last().Value),
        });

    /// <summary>The clients of the companies: the administrator that the broker has made registers them.</summary>
    private async Task RegisterClientsAsync(CancellationToken cancellationToken)
    {
        using var profile = JsonDocument.Parse(await File.ReadAllTextAsync(AdministratorFile, cancellationToken));
        _clientSecrets["administrator"] =
            profile.RootElement.GetProperty("administrator").GetProperty("ClientSecret").GetString()!;
        using var administrator = await FederationClient.ForAdministratorAsync(this, cancellationToken);
        var auditor = ClientOf("federation-auditor", Guid.Empty, "federation_auditor", [Broker]);
        await RegisterAsync(Companies.SelectMany(Clients).Append(auditor), administrator, cancellationToken);
        Companies = [.. Companies.Select(company => WithClient(company, company.ClientId))];
    }

    private async Task RegisterAsync(
        IEnumerable<IdentityClient> clients, FederationClient administrator, CancellationToken cancellationToken)
    {
        var identity = new IdentityService.IdentityServiceClient(administrator.Channel);
        await Parallel.ForEachAsync(
            clients,
            new ParallelOptions { MaxDegreeOfParallelism = ClientsAtOnce, CancellationToken = cancellationToken },
            async (client, token) =>
            {
                var answer = await identity.RegisterClientAsync(
                    new() { Client = client }, administrator.Call.WithCancellationToken(token));
                _clientSecrets[client.ClientId] = answer.ClientSecret;
            });
    }

    /// <summary>A clerk at the company's own node, its auditors at every node, its node at the broker.</summary>
    private IEnumerable<IdentityClient> Clients(Company company) =>
    [
        ClientOf(company.ClientId, company.OperatorId, "clerk", [Node(company.Name)]),
        ClientOf($"audit-{company.Name}", company.OperatorId, "external_auditor", _nodes.Values),
        ClientOf($"node-{company.Name}", company.OperatorId, "node", [Broker]),
    ];

    private static IdentityClient ClientOf(
        string id, Guid operatorId, string role, IEnumerable<string> resources) => new()
        {
            ClientId = id,
            Kind = ClientKind.Program,
            OperatorId = operatorId == Guid.Empty ? "" : $"{operatorId}",
            Roles = { role },
            Resources = { resources },
        };

    private void WriteNode(string node)
    {
        SecretFile.Write(KeySecretFile(node), NewSecret());
        var name = $"node-{node}";
        // Known before it starts: clients are registered for it.
        _nodes[node] = $"https://127.0.0.1:{FreePort()}";
        Write(name, new Dictionary<string, object>
        {
            ["Host"] = Host(name, _nodes[node], requireClientCertificate: false),
            ["ConnectionStrings"] = Databases(name),
            ["Node"] = new
            {
                Broker = Settings.NodesBroker ?? Broker,
                BrokerResource = Broker,
                Settings.KeyRecoveryDelay,
                OperatorFolder = OperatorFolder(node),
                KeySecretFile = KeySecretFile(node),
                Settings.Inference,
            },
        });
    }

    /// <summary>Where a company's node keeps its keys.</summary>
    public string KeyFolder(string name) => Path.Combine(_folder, "keys", name);

    /// <summary>Of a company's signing key, as its node has it; empty before it lives there.</summary>
    public string FingerprintOf(string name)
    {
        var file = Path.Combine(KeyFolder(name), "fingerprint");
        return File.Exists(file) ? File.ReadAllText(file) : "";
    }

    /// <summary>The secret with which a node encrypts the keys of its operators.</summary>
    public string KeySecretFile(string node) => Path.Combine(_folder, $"node-{node}.key-secret");

    private static string PostgresFolder(string folder) => Path.Combine(folder, "postgres");

    /// <summary>As its node names it.</summary>
    private static string DatabaseOf(Company company) => $"operator_{company.OperatorId:n}";

    private string OperatorFolder(string node) => Path.Combine(_folder, "operators", node);

    private static string Describe(IReadOnlyList<Place> places, string[] nodes) => nodes.Length == places.Count
        ? $"the nodes of {string.Join(", ", nodes)}"
        : $"{nodes.Length} nodes with {places.Count} companies";

    /// <summary>A role for each server, which can append to its history; another owns the tables.</summary>
    private object Databases(string role) => new
    {
        Server = ConnectionString("postgres", role),
        Owner = ConnectionString("postgres"),
    };

    private object Host(string name, string listen, bool requireClientCertificate)
    {
        var (certificate, key) = _certificates.Issue(name);
        return new
        {
            Listen = listen,
            // Replicas are one server to their clients.
            Address = name.StartsWith("broker", StringComparison.Ordinal) ? Broker : listen,
            Certificate = certificate,
            CertificateKey = key,
            CertificateAuthority = _certificates.Authority,
            RequireClientCertificate = requireClientCertificate,
            Issuer = Broker,
            Settings.CallsPerSecond,
            Settings.StreamsPerOperator,
            Settings.AnonymousCallsPerSecond,
            Settings.ConnectionsPerSecond,
            Settings.Reflection,
            RevocationInterval = TimeSpan.FromSeconds(Settings.RevocationSeconds),
            AddressFile = Path.Combine(_folder, $"{name}.address"),
        };
    }

    private void Write(string name, object settings) =>
        SecretFile.Write(SettingsFile(name), JsonSerializer.Serialize(settings, Indented));

    private string SettingsFile(string name) => Path.Combine(_folder, $"{name}.json");

    private string LogFile(string name) => Path.Combine(_folder, $"{name}.log");

    private static string NewSecret() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    private static readonly ConcurrentDictionary<int, byte> GivenPorts = [];

    /// <summary>
    /// Below those that the system gives to outgoing connections: one of these could take it meanwhile.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                // Free is also what another federation of this process has been given and not opened yet.
                if (GivenPorts.TryAdd(port, 0))
                {
                    return port;
                }
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }

    /// <summary>What the programs of one operator show, and the tokens that are bound to it.</summary>
    private sealed record Shown((string Certificate, string Key) Certificate, TokenCache Tokens);
}
