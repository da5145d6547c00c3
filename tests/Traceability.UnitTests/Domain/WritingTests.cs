using System.Runtime.InteropServices;
using System.Text;
using Traceability.Domain.Writings;
using Xunit;

namespace Traceability.UnitTests.Domain;

public partial class WritingTests
{
    [Theory]
    [InlineData("\u30AB\u3099-1", "ガ-1")]
    [InlineData("\u306F\u309A", "ぱ")]
    [InlineData("e\u0301", "é")]
    [InlineData("\u1112\u1161\u11AB", "한")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("㎏", "㎏")]
    [InlineData("Ｂ", "Ｂ")]
    [InlineData("plain", "plain")]
    public void Texts_are_kept_composed(string written, string kept) => Assert.Equal(kept, Writing.Composed(written));

    [Theory]
    [InlineData("㎏", "kg")]
    [InlineData("㍑", "リットル")]
    [InlineData("ｶﾞ", "ガ")]
    [InlineData("Ｂ－1", "B-1")]
    [InlineData("Ⅱ", "II")]
    [InlineData("ガ", "ガ")]
    public void Keys_are_compared_in_one_form_of_writing(string written, string plain) => Assert.Equal(plain, Writing.Plain(written));

    [Fact]
    public void A_lonely_half_of_a_character_stays_what_it_is() => Assert.Equal("\uD842\u30AC", Writing.Composed("\uD842\u30AB\u3099"));

    /// <summary>Against the library of cultures, which the products run without.</summary>
    [Fact]
    public void Every_text_has_the_forms_that_the_published_tables_say()
    {
        if (!Library.IsThere)
        {
            // No machine that builds is without it; one that only runs may be.
            return;
        }

        var random = new Random(7);
        for (var point = 1; point < 0x10000; point++)
        {
            // Not yet in Unicode 14, whose tables these are.
            if (char.IsSurrogate((char)point) || Library.IsNewer(point))
            {
                continue;
            }

            var text = $"{(char)point}";
            Assert.True(Library.Normalize(text, NormalizationForm.FormC) == Writing.Composed(text), $"{point:X} C");
            Assert.True(Library.Normalize(text, NormalizationForm.FormKC) == Writing.Plain(text), $"{point:X} KC");
        }

        int[] marks = [.. Enumerable.Range(0x300, 0x70), 0x3099, 0x309A, 0x41, 0x65, 0x30AB, 0x306F, 0xAC00, 0x1100, 0x1161, 0x11A8, 0xFF76, 0xFF9E, 0x2126, 0x1D15E];
        for (var count = 0; count < 20_000; count++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => char.ConvertFromUtf32(marks[random.Next(marks.Length)])));
            Assert.Equal(Library.Normalize(text, NormalizationForm.FormC), Writing.Composed(text));
            Assert.Equal(Library.Normalize(text, NormalizationForm.FormKC), Writing.Plain(text));
        }
    }

    private static unsafe partial class Library
    {
        public static bool IsThere { get; } = LoadICU() != 0;

        public static bool IsNewer(int point) => point is 0x0ECE or 0xA7F1;

        public static string Normalize(string text, NormalizationForm form)
        {
            Span<char> result = stackalloc char[200];
            fixed (char* from = text)
            fixed (char* to = result)
            {
                return new(to, 0, NormalizeString(form, from, text.Length, to, result.Length));
            }
        }

        [LibraryImport("libSystem.Globalization.Native", EntryPoint = "GlobalizationNative_LoadICU")]
        private static partial int LoadICU();

        [LibraryImport("libSystem.Globalization.Native", EntryPoint = "GlobalizationNative_NormalizeString")]
        private static partial int NormalizeString(NormalizationForm form, char* from, int length, char* to, int room);
    }
}
