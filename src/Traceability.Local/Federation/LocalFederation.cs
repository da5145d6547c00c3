using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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
/// <param name="Inference">What nodes do when a customer could work out more than a figure: Warn, Consent,
/// Block.</param>
public sealed record FederationSettings(
    int CallsPerSecond = 2000, int StreamsPerOperator = 100, string Inference = "Warn");

/// <summary>
/// PostgreSQL, a broker and a node per company, each a process of its own, over TLS and with real tokens.
/// </summary>
public sealed class LocalFederation : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string _folder;
    private readonly PrivatePostgres _postgres;
    private readonly Certificates _certificates;
    private readonly Dictionary<string, GuardedProcess> _processes = [];
    private readonly Dictionary<string, string> _nodes = [];
    private Dictionary<string, string> _places = [];

    private LocalFederation(string folder, PrivatePostgres postgres, Certificates certificates) =>
        (_folder, _postgres, _certificates) = (folder, postgres, certificates);

    public string Broker { get; private set; } = "";

    /// <summary>Where servers that are started from now on send telemetry (OTLP over HTTP). Null: nowhere.</summary>
    public string? Collector { get; set; }

    private FederationSettings Settings { get; init; } = new();

    public string Authority => _certificates.Authority;

    /// <summary>Runs the federation itself; belongs to no company.</summary>
    public Company Administrator { get; } = NewCompany("administrator", Guid.Empty);

    /// <summary>Reads the broker's decisions; belongs to no company.</summary>
    public Company Auditor { get; } = NewCompany("federation-auditor", Guid.Empty);

    public IReadOnlyList<Company> Companies { get; private set; } = [];

    /// <summary>Certificate with which the administrator talks to the broker.</summary>
    public (string Certificate, string Key) AdministratorCertificate { get; private set; }

    /// <summary>The file with which `trace --as` reaches each company's node.</summary>
    public string Profiles => Path.Combine(_folder, "profiles.json");

    /// <summary>PEM file of the key with which the broker signs tokens.</summary>
    public string TokenIssuerKey => Path.Combine(_folder, "token-issuer.pem");

    private string BrokerLogSecret => Path.Combine(_folder, "broker.log-secret");

    public string ConnectionString(string database) => _postgres.ConnectionString(database);

    /// <param name="folder">Takes data, logs, keys and settings. A new one starts an empty federation.</param>
    /// <param name="places">The companies, and the nodes they live on: one each, or hosted together.</param>
    /// <param name="durable">Whether a crash of the machine may lose nothing.</param>
    /// <param name="progress">Told what is being started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="settings">Of all servers.</param>
    public static async Task<LocalFederation> StartAsync(
        string folder, IReadOnlyList<Place> places, bool durable, Action<string> progress,
        CancellationToken cancellationToken, FederationSettings? settings = null)
    {
        Directory.CreateDirectory(folder);
        LetOthersPass(folder);
        progress("PostgreSQL");
        var postgres = await PrivatePostgres.StartAsync(Path.Combine(folder, "postgres"), durable, cancellationToken);
        var certificates = new Certificates(Path.Combine(folder, "certificates"), TimeProvider.System);
        var federation = new LocalFederation(folder, postgres, certificates)
        {
            Settings = settings ?? new(),
        };
        try
        {
            federation.Companies = [.. places.Select(place => NewCompany(place.Company, Guid.CreateVersion7()))];
            federation._places = places.ToDictionary(place => place.Company, place => place.Node);
            federation.AdministratorCertificate = certificates.Issue("administrator");
            federation.WriteBroker();
            string[] nodes = [.. places.Select(place => place.Node).Distinct()];
            nodes.ToList().ForEach(federation.WriteNode);
            foreach (var place in places.Where(place => !place.Later))
            {
                federation.Host(place.Company);
            }

            progress("the broker");
            await federation.StartBrokerAsync(cancellationToken);
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
    public Company NodeClient(string name) =>
        Company(name) with { ClientId = $"node-{name}", ClientSecret = NodeSecret(Company(name)) };

    /// <summary>The client of a company's people who audit others.</summary>
    public Company AuditClient(string name) =>
        Company(name) with { ClientId = $"audit-{name}", ClientSecret = AuditSecret(Company(name)) };

    public async Task StartBrokerAsync(CancellationToken cancellationToken) =>
        Broker = await StartAsync("broker", "Traceability.Broker", cancellationToken);

    /// <summary>Lets a company live on its node; a running node takes it up without a restart.</summary>
    public void Host(string name)
    {
        var (company, folder) = (Company(name), OperatorFolder(_places[name]));
        Directory.CreateDirectory(folder);
        var settings = new
        {
            company.OperatorId,
            ClientId = $"node-{company.Name}",
            ClientSecret = NodeSecret(company),
            Keys = KeyFolder(company.Name),
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

    /// <summary>Writes for each company how `trace --as` reaches its node.</summary>
    public void WriteProfiles(string file) => SecretFile.Write(file, JsonSerializer.Serialize(
        Companies.ToDictionary(
            company => company.Name,
            company => new
            {
                Node = Node(company.Name),
                Issuer = Broker,
                Authority,
                company.OperatorId,
                company.ClientId,
                company.ClientSecret,
            }),
        Indented));

    /// <summary>Ends "broker" or "node-A" as a crash would.</summary>
    public async Task KillAsync(string process)
    {
        await _processes[process].KillAsync();
        await StopAsync(process);
    }

    /// <summary>Asks "broker" or "node-A" to end, and waits until it has.</summary>
    public async Task StopAsync(string process)
    {
        await _processes[process].DisposeAsync();
        _processes.Remove(process);
    }

    /// <summary>Everything that a process has written to its log.</summary>
    public string Log(string process) => File.ReadAllText(LogFile(process));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Values.Select(process => process.DisposeAsync().AsTask()));
        await _postgres.DisposeAsync();
    }

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

    private static Company NewCompany(string name, Guid operatorId) =>
        new(name, operatorId, $"{name}-clerk", RandomNumberGenerator.GetHexString(64, lowercase: true));

    private async Task<string> StartAsync(string name, string project, CancellationToken cancellationToken)
    {
        var addressFile = Path.Combine(_folder, $"{name}.address");
        File.Delete(addressFile);
        var assembly = Path.GetFullPath(Path.Combine(
            AppContext.BaseDirectory, "..", "..", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(
                AppContext.BaseDirectory)), $"{project}.dll"));
        var process = GuardedProcess.Start(
            command => Describe(command, name), ["dotnet", assembly], LogFile(name), signal: "TERM");
        lock (_processes)
        {
            _processes[name] = process;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartDeadline);
        using var timer = new PeriodicTimer(PollInterval);
        while (!File.Exists(addressFile))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{name} did not start; see {LogFile(name)}.");
            }

            await timer.WaitForNextTickAsync(deadline.Token);
        }

        return await File.ReadAllTextAsync(addressFile, cancellationToken);
    }

    private ProcessStartInfo Describe(string[] command, string name)
    {
        var description = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = _folder };
        description.Environment["TRACEABILITY_SETTINGS"] = SettingsFile(name);
        description.Environment["DOTNET_TieredPGO"] = "0";
        if (Collector is not null)
        {
            description.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector;
            description.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }

        return description;
    }

    private void WriteBroker()
    {
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            SecretFile.Write(TokenIssuerKey, key.ExportPkcs8PrivateKeyPem());
        }

        SecretFile.Write(BrokerLogSecret, RandomNumberGenerator.GetHexString(64, lowercase: true));

        Broker = $"https://127.0.0.1:{FreePort()}";
        WriteBroker("broker", Broker);
    }

    /// <summary>Another broker on the same database.</summary>
    public async Task<string> StartReplicaAsync(CancellationToken cancellationToken)
    {
        WriteBroker("broker-replica", $"https://127.0.0.1:{FreePort()}");
        return await StartAsync("broker-replica", "Traceability.Broker", cancellationToken);
    }

    private void WriteBroker(string name, string listen) =>
        Write(name, new Dictionary<string, object>
        {
            ["Host"] = Host(name, listen, requireClientCertificate: true),
            ["ConnectionStrings"] = new { Server = _postgres.ConnectionString("postgres") },
            ["Broker"] = new { LogSecretFile = BrokerLogSecret },
            ["TokenIssuer"] = new
            {
                SigningKey = TokenIssuerKey,
                Clients = Companies.SelectMany(Clients)
                    .Append(OfNobody(Administrator, "administrator")).Append(OfNobody(Auditor, "federation_auditor")),
            },
        });

    private void WriteNode(string node)
    {
        SecretFile.Write(KeySecretFile(node), RandomNumberGenerator.GetHexString(64, lowercase: true));
        var name = $"node-{node}";
        Write(name, new Dictionary<string, object>
        {
            ["Host"] = Host(name, $"https://127.0.0.1:{FreePort()}", requireClientCertificate: false),
            ["ConnectionStrings"] = new { Server = _postgres.ConnectionString("postgres") },
            ["Node"] = new
            {
                Broker,
                OperatorFolder = OperatorFolder(node),
                KeySecretFile = KeySecretFile(node),
                Settings.Inference,
            },
        });
    }

    private static object OfNobody(Company client, string role) =>
        Client(client.ClientId, client.ClientSecret, Guid.Empty, role, "broker");

    /// <summary>Where a company's node keeps its keys.</summary>
    public string KeyFolder(string name) => Path.Combine(_folder, "keys", name);

    /// <summary>The secret with which a node encrypts the keys of its operators.</summary>
    public string KeySecretFile(string node) => Path.Combine(_folder, $"node-{node}.key-secret");

    private string OperatorFolder(string node) => Path.Combine(_folder, "operators", node);

    private static string Describe(IReadOnlyList<Place> places, string[] nodes) => nodes.Length == places.Count
        ? $"the nodes of {string.Join(", ", nodes)}"
        : $"{nodes.Length} nodes with {places.Count} companies";

    private static IEnumerable<object> Clients(Company company) =>
    [
        Client(company.ClientId, company.ClientSecret, company.OperatorId, "clerk", "node"),
        Client($"audit-{company.Name}", AuditSecret(company), company.OperatorId, "external_auditor", "node"),
        Client($"node-{company.Name}", NodeSecret(company), company.OperatorId, "node", "broker"),
    ];

    /// <summary>Another secret from the same random root: the clerk's own does not open the broker.</summary>
    private static string NodeSecret(Company company) => Hash($"node of {company.ClientSecret}");

    private static string AuditSecret(Company company) => Hash($"auditors of {company.ClientSecret}");

    private static object Client(string id, string secret, Guid operatorId, string role, string audience) => new
    {
        ClientId = id,
        SecretSha256 = Hash(secret),
        OperatorId = operatorId == Guid.Empty ? "" : operatorId.ToString(),
        Roles = new[] { role },
        Audiences = new[] { audience },
    };

    private object Host(string name, string listen, bool requireClientCertificate)
    {
        var (certificate, key) = _certificates.Issue(name);
        return new
        {
            Listen = listen,
            Certificate = certificate,
            CertificateKey = key,
            CertificateAuthority = _certificates.Authority,
            RequireClientCertificate = requireClientCertificate,
            Issuer = Broker,
            Audience = name.StartsWith("broker", StringComparison.Ordinal) ? "broker" : "node",
            Settings.CallsPerSecond,
            Settings.StreamsPerOperator,
            AddressFile = Path.Combine(_folder, $"{name}.address"),
        };
    }

    private void Write(string name, object settings) =>
        SecretFile.Write(SettingsFile(name), JsonSerializer.Serialize(settings, Indented));

    private string SettingsFile(string name) => Path.Combine(_folder, $"{name}.json");

    private string LogFile(string name) => Path.Combine(_folder, $"{name}.log");

    private static string Hash(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// Below those that the system gives to outgoing connections: one of these could take it meanwhile.
    /// </summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }
}
