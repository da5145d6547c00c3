using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Traceability.Proofs;
using Traceability.Proofs.Keeping;
using Xunit;

namespace Traceability.UnitTests.Proofs;

/// <summary>Keys at rest, on real files.</summary>
public sealed class KeyFolderTests : IDisposable
{
    private static readonly Guid Owner = Guid.Parse("0193a0f2-5d5c-7e1f-8a53-6f0d7b6b1c11");
    private static readonly Guid Neighbour = Guid.Parse("0193a0f2-5d5c-7e1f-8a53-6f0d7b6b1c12");

    private readonly string _root = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly FileKeyStore _node;

    public KeyFolderTests() => _node = Secret("node");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_whole_folder_is_worth_nothing_without_the_secret_of_its_owner()
    {
        var own = Secret("own");
        Fill(Owner, "keys", own);
        var copy = Copy("keys", "stolen");

        foreach (var other in new[] { _node, Secret("another"), (IKeyStore)Secret("neighbour") })
        {
            var refused = Assert.Throws<InvalidOperationException>(() => KeyFolder.Open(Owner, copy, other, _node));
            Assert.Contains("node the secret that belongs to this folder", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal([7, 7], KeyFolder.Open(Owner, copy, own, _node).Read("log.key"));
    }

    [Fact]
    public void What_one_secret_keeps_for_one_owner_does_not_open_as_another_owners()
    {
        Fill(Owner, "keys", _node);
        var neighbour = Fill(Neighbour, "neighbour", _node);

        Assert.Throws<InvalidOperationException>(() => KeyFolder.Open(Neighbour, Copy("keys", "taken"), _node, _node));
        File.Copy(At("keys", "log.key"), At("neighbour", "log.key"), overwrite: true);
        Assert.Throws<ProofException>(() => neighbour.Read("log.key"));
    }

    [Fact]
    public void A_file_opens_under_its_own_name_only_and_unchanged_only()
    {
        var folder = Fill(Owner, "keys", _node);
        File.Copy(At("keys", "log.key"), At("keys", "part-reference.key"));
        Assert.Throws<ProofException>(() => folder.Read("part-reference.key"));

        var content = File.ReadAllText(At("keys", "log.key"));
        foreach (var place in new[] { content.Length - 2, content.Length / 2 })
        {
            File.WriteAllText(
                At("keys", "log.key"),
                content[..place] + (content[place] == 'A' ? 'B' : 'A') + content[(place + 1)..]);
            Assert.Throws<ProofException>(() => folder.Read("log.key"));
        }
    }

    /// <summary>As a version wrote them that had one secret for all: whenever it is cut off, nothing is lost.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Earlier_files_are_encrypted_anew_and_a_cut_in_between_loses_nothing(int renewed)
    {
        var key = PrivateKey.Create();
        var random = RandomNumberGenerator.GetBytes(32);
        var secret = File.ReadAllText(Path.Combine(_root, "node.secret")).Trim();
        (string Name, string Earlier)[] files =
        [
            ("signing-0001.pem", key.ToEncryptedPem(secret)), ("sealing-0002.pem.new", key.ToEncryptedPem(secret)),
            ("log.key", SecretBox.Seal(secret, random)),
        ];
        Directory.CreateDirectory(At("keys"));
        File.WriteAllText(At("keys", "fingerprint"), "not a secret");
        Array.ForEach(files, file => File.WriteAllText(At("keys", file.Name), file.Earlier));
        KeyFolder.Open(Owner, At("keys"), _node, _node);
        Array.ForEach(files[renewed..], file => File.WriteAllText(At("keys", file.Name), file.Earlier));

        var folder = KeyFolder.Open(Owner, At("keys"), _node, _node);

        Assert.Equal(key.Public.KeyId, PrivateKey.FromPkcs8(folder.Read("signing-0001.pem")).Public.KeyId);
        Assert.Equal(key.Public.KeyId, PrivateKey.FromPkcs8(folder.Read("sealing-0002.pem.new")).Public.KeyId);
        Assert.Equal(random, folder.Read("log.key"));
        Assert.All(files, file => Assert.StartsWith("traceability/key-file/v1.", File.ReadAllText(At("keys", file.Name))));
        Assert.Equal("not a secret", File.ReadAllText(At("keys", "fingerprint")));
    }

    [Fact]
    public void An_owner_that_gets_a_store_of_its_own_leaves_the_one_of_the_node()
    {
        var own = Secret("own");
        Fill(Owner, "keys", _node);

        Assert.Equal([7, 7], KeyFolder.Open(Owner, At("keys"), own, _node).Read("log.key"));

        Assert.Throws<InvalidOperationException>(() => KeyFolder.Open(Owner, At("keys"), _node, _node));
        Assert.Equal([7, 7], KeyFolder.Open(Owner, At("keys"), own, _node).Read("log.key"));
    }

    [Fact]
    public void What_comes_into_use_is_the_same_under_its_new_name()
    {
        var folder = Fill(Owner, "keys", _node);
        folder.Write("signing-0002.pem" + KeyFolder.Unfinished, [8]);

        Assert.Equal(["signing-0002.pem.new"], folder.AllUnfinished);
        folder.Finish("signing-0002.pem");

        Assert.Equal([8], folder.Read("signing-0002.pem"));
        Assert.Empty(folder.AllUnfinished);
    }

    [Fact]
    public void A_secret_that_is_too_short_is_none()
    {
        File.WriteAllText(Path.Combine(_root, "short.secret"), "password");
        Assert.Contains(
            "32 random characters",
            Assert.Throws<InvalidOperationException>(() => new FileKeyStore(Path.Combine(_root, "short.secret"))).Message,
            StringComparison.Ordinal);
    }

    [TokenFact]
    public void A_token_keeps_a_key_for_each_owner_that_never_leaves_it()
    {
        // The library sees the tokens that there are when it is loaded.
        var (settings, second) = (Token("first"), Token("second"));
        using var token = new Pkcs11KeyStore(settings);
        using var other = new Pkcs11KeyStore(second);
        var folder = KeyFolder.Open(Owner, At("keys"), token, _node);
        folder.Write("log.key", [7, 7]);
        var key = RandomNumberGenerator.GetBytes(32);
        var wrapped = token.Wrap(Owner, key);

        Assert.Equal(key, token.Unwrap(Owner, wrapped));
        Assert.NotEqual(wrapped, token.Wrap(Owner, key));
        Assert.Throws<ProofException>(() => token.Unwrap(Neighbour, wrapped));
        token.Wrap(Neighbour, key);
        Assert.Throws<ProofException>(() => token.Unwrap(Neighbour, wrapped));
        Assert.Throws<ProofException>(() => other.Unwrap(Owner, wrapped));
        wrapped[^1] ^= 1;
        Assert.Throws<ProofException>(() => token.Unwrap(Owner, wrapped));
        Assert.Equal([7, 7], KeyFolder.Open(Owner, At("keys"), token, _node).Read("log.key"));
        foreach (var store in new[] { other, (IKeyStore)_node })
        {
            Assert.Throws<InvalidOperationException>(() => KeyFolder.Open(Owner, At("keys"), store, _node));
        }

        File.WriteAllText(settings.PinFile, "0000");
        Assert.ThrowsAny<Exception>(() => token.Unwrap(Owner, wrapped));
    }

    private KeyFolder Fill(Guid owner, string name, IKeyStore store)
    {
        var folder = KeyFolder.Open(owner, At(name), store, _node);
        folder.Write("log.key", [7, 7]);
        return folder;
    }

    private FileKeyStore Secret(string name)
    {
        var file = Path.Combine(_root, $"{name}.secret");
        if (!File.Exists(file))
        {
            File.WriteAllText(file, RandomNumberGenerator.GetHexString(64));
        }

        return new(file);
    }

    private string Copy(string from, string to)
    {
        Directory.CreateDirectory(At(to));
        foreach (var file in Directory.EnumerateFiles(At(from)))
        {
            File.Copy(file, At(to, Path.GetFileName(file)));
        }

        return At(to);
    }

    private string At(params string[] names) => Path.Combine([_root, .. names]);

    private Pkcs11Settings Token(string label)
    {
        var configuration = Path.Combine(_root, "softhsm2.conf");
        if (!File.Exists(configuration))
        {
            File.WriteAllText(
                configuration, $"directories.tokendir = {Directory.CreateDirectory(At("tokens")).FullName}\nlog.level = ERROR\n");
            // The library reads the environment of the process, which .NET keeps a copy of.
            Assert.Equal(0, SetEnvironment("SOFTHSM2_CONF", configuration, 1));
        }

        var pin = RandomNumberGenerator.GetString("0123456789", 8);
        var start = new ProcessStartInfo(
            "softhsm2-util", ["--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", pin])
        {
            RedirectStandardOutput = true,
            Environment = { ["SOFTHSM2_CONF"] = configuration },
        };
        using var made = Process.Start(start)!;
        made.StandardOutput.ReadToEnd();
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
        File.WriteAllText(At($"{label}.pin"), pin);
        return new(TokenFactAttribute.Library!, label, At($"{label}.pin"));
    }

    [DllImport("libc", EntryPoint = "setenv", CharSet = CharSet.Ansi)]
    private static extern int SetEnvironment(string name, string value, int overwrite);
}

/// <summary>Runs where there is a token in software.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TokenFactAttribute : FactAttribute
{
    private static readonly string[] Places =
    [
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    ];

    public TokenFactAttribute() => Skip = Library is null ? "SoftHSM (Debian's package softhsm2) is not on this machine." : null;

    public static string? Library => Places.FirstOrDefault(File.Exists);
}
