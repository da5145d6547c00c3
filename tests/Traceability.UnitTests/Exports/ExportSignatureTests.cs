using System.Runtime.CompilerServices;
using System.Text;
using Traceability.Evidence;
using Traceability.Exports;
using Traceability.Proofs;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>The maker's signature beside a file is judged by the key of the time at which it was made.</summary>
public class ExportSignatureTests
{
    private static readonly DateTimeOffset Signed = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] File = Encoding.UTF8.GetBytes("{\"declaration\":1}");
    private static readonly PrivateKey Key = PrivateKey.Create();
    private static readonly string Signature = ExportSignature.Sign(Key, File, Signed);

    private static readonly AuditBundle Bundle = AuditBundle.FromZip(System.IO.File.ReadAllBytes(
        Path.Combine(SourceFolder(), "..", "..", "cases", "bundles", "vehicle-format-1.zip")));

    [Theory]
    [InlineData(-30, null, false, "key ")]
    [InlineData(-30, 1, true, "key ")]
    [InlineData(-30, 1, false, "key ")]
    [InlineData(-30, -1, true, "is revoked: nothing is to be believed")]
    [InlineData(-30, -1, false, "was valid from")]
    [InlineData(-30, 0, true, "is revoked")]
    [InlineData(1, null, false, "came into use")]
    public void A_signature_counts_if_its_key_was_valid_when_it_was_made(int from, int? until, bool revoked, string said)
    {
        var check = ExportSignature.Check(Signature, File, With(Known(from, until, revoked)));

        Assert.Equal(said == "key ", check.Good);
        Assert.Contains(said, check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_from_before_they_carried_a_time_counts_unless_its_key_is_revoked()
    {
        var before = JsonWebSignature.Sign(Key, "traceability-declaration+jws", File);

        Assert.True(ExportSignature.Check(before, File, With(Known(-30, null, false))).Good);
        Assert.True(ExportSignature.Check(before, File, With(Known(-30, 1, false))).Good);
        var check = ExportSignature.Check(before, File, With(Known(-30, 1, true)));
        Assert.False(check.Good);
        Assert.Contains("carries no time", check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_time_is_part_of_what_was_signed()
    {
        var (late, parts) = (ExportSignature.Sign(Key, File, Signed.AddDays(9)), Signature.Split('.'));
        var forged = $"{parts[0]}.{late.Split('.')[1]}.{late.Split('.')[2]}";

        Assert.False(ExportSignature.Check(forged, File, With(Known(-30, 1, true))).Good);
        Assert.Equal(Signed, JsonWebSignature.Verify(Signature, "traceability-declaration+jws", _ => Key.Public).SignedAt);
    }

    [Fact]
    public void Another_file_another_companys_key_and_no_signature_are_told_apart()
    {
        var mine = With(Known(-30, null, false));
        Assert.Contains("another file", ExportSignature.Check(Signature, [1], mine).Detail, StringComparison.Ordinal);
        var others = Known(-30, null, false) with { OperatorId = new(Guid.CreateVersion7()) };
        Assert.Contains("not known", ExportSignature.Check(Signature, File, With(others)).Detail, StringComparison.Ordinal);
        Assert.False(ExportSignature.Check("x", File, mine).Good);
    }

    private static SigningKey Known(int from, int? until, bool revoked) => new(
        Bundle.Manifest.OperatorId, Key.Public.KeyId, Key.Public.ToJwk(), Signed.AddDays(from),
        until is { } days ? Signed.AddDays(days) : null, revoked ? true : null);

    private static AuditBundle With(SigningKey key) => Bundle with { Manifest = Bundle.Manifest with { Keys = [key] } };

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
